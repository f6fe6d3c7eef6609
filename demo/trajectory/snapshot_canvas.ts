import type { Tokens } from '../worker/protocol'
import { Painter, type What } from './painter'
import { Previews } from './previews'
import { type Moment, pictureTokens } from './trajectory'

/** A canvas that shows one moment after the other, decoding previews on the way. */
export class MomentCanvas {
  readonly #painter: Painter
  readonly #previews: Previews
  #wanted: { what: What; moment: Moment | undefined } | undefined
  /** Of the preview that was painted last. */
  #painted: Tokens | undefined

  constructor(canvas: HTMLCanvasElement, decode: (tokens: Tokens) => Promise<ImageBitmap>) {
    this.#painter = new Painter(canvas)
    this.#previews = new Previews(decode)
  }

  /**
   * Paints the moment, or nothing. Resolves when it is to be seen, or when another one is wanted; rejects when the preview
   * cannot be decoded.
   *
   * @param highestEntropy end of the entropy map's scale, in nats
   */
  async show(what: What, moment: Moment | undefined, highestEntropy: number): Promise<void> {
    const wanted = { what, moment }
    this.#wanted = wanted
    const tokens = what === 'preview' && moment ? pictureTokens(moment) : undefined
    const ready = tokens && this.#previews.get(tokens)
    // Until the picture is decoded the one before stays, under the dots of this moment.
    const before = this.#painted && this.#previews.get(this.#painted)
    this.#painter.paint(what, moment, ready ?? (tokens && before), highestEntropy)
    if (ready) this.#painted = tokens
    if (!tokens || ready) return
    const decoded = await this.#previews.request(tokens)
    if (!decoded || this.#wanted !== wanted) return
    this.#painted = tokens
    this.#painter.paint(what, moment, decoded, highestEntropy)
  }

  /** Lets go of all bitmaps; what is painted stays. */
  forget(): void {
    this.#previews.clear()
  }
}
