import { effect } from '@preact/signals-core'
import type { Mask } from '../picture/mask'
import type { Print } from './batch'
import type { Dots } from './dots'

/** A print on the page: its picture, and a dot over every token that is not decided, the smaller the surer it is. */
export class PictureView {
  readonly #context: CanvasRenderingContext2D
  readonly #dots: Dots
  readonly #brushedMask: () => Mask | undefined
  #leave = () => {}

  /**
   * @param canvas 128×128, the picture and nothing else
   * @param dots lies over it
   * @param brushedMask read from signals: cells that are shown as undecided in place of those that are
   */
  constructor(canvas: HTMLCanvasElement, dots: Dots, brushedMask: () => Mask | undefined = () => undefined) {
    this.#context = canvas.getContext('2d', { willReadFrequently: true })!
    this.#dots = dots
    this.#brushedMask = brushedMask
  }

  /** Follows a print from now on, instead of the one before. */
  show(print: Print): void {
    this.#leave()
    const leavePicture = effect(() => this.#paint(print.bitmap.value))
    const leaveDots = effect(() => {
      const mask = this.#brushedMask()
      if (mask) this.#dots.show(mask, true)
      else this.#dots.show(print.doubt.value)
    })
    this.#leave = () => {
      leavePicture()
      leaveDots()
    }
  }

  #paint(bitmap: ImageBitmap | undefined): void {
    const { width, height } = this.#context.canvas
    this.#context.clearRect(0, 0, width, height)
    if (bitmap) this.#context.drawImage(bitmap, 0, 0)
  }
}
