import { effect } from '@preact/signals-core'
import type { Mask } from '../picture/cells'
import type { BatchItem } from './batch'
import { connection } from './connection'
import type { Dots } from './dots'
import { model } from './model'
import { busy } from './state'

/** An animation would take a fifth of the processor from a network that runs there. */
const processorIsBusy = () => busy.peek() && connection.peek()?.backend.network === 'wasm'

/** Shows one item of a batch: its picture, and dots for the uncertainty of its tokens. */
export class PictureView {
  readonly #context: CanvasRenderingContext2D
  readonly #dots: Dots
  readonly #brushedMask: () => Mask | undefined
  #stopFollowing = () => {}

  /**
   * @param canvas gets as many pixels as the model's pictures
   * @param dots on top of the canvas
   * @param brushedMask reads signals; while it returns a mask, the dots show the mask instead of the uncertainty
   */
  constructor(canvas: HTMLCanvasElement, dots: Dots, brushedMask: () => Mask | undefined = () => undefined) {
    this.#context = canvas.getContext('2d', { willReadFrequently: true })!
    this.#dots = dots
    this.#brushedMask = brushedMask
  }

  /** Follows the signals of `item` instead of those of the previous one. */
  show(item: BatchItem): void {
    this.#stopFollowing()
    const stopPicture = effect(() => this.#paint(item.bitmap.value))
    const stopDots = effect(() => {
      const mask = this.#brushedMask()
      if (mask) this.#dots.show(mask, model.peek().grid, { covers: true })
      else this.#dots.show(item.uncertainty.value, model.peek().grid, { jumps: processorIsBusy() })
    })
    this.#stopFollowing = () => {
      stopPicture()
      stopDots()
    }
  }

  #paint(bitmap: ImageBitmap | undefined): void {
    const { width, height } = model.peek().picture
    const { canvas } = this.#context
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    this.#context.clearRect(0, 0, width, height)
    if (bitmap) this.#context.drawImage(bitmap, 0, 0, width, height)
  }
}
