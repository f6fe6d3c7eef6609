import type { Tokens } from '../worker/protocol'
import { Painter, type ViewMode } from './painter'
import { Previews } from './previews'
import { previewTokens, type Snapshot } from './trajectory'

/** A canvas that shows one snapshot at a time, and decodes its preview if needed. */
export class SnapshotCanvas {
  readonly #painter: Painter
  readonly #previews: Previews
  /** The arguments of the latest `show`. */
  #shown: { mode: ViewMode; snapshot: Snapshot | undefined } | undefined
  /** Tokens of the preview that was painted last. */
  #paintedTokens: Tokens | undefined

  constructor(canvas: HTMLCanvasElement, decode: (tokens: Tokens) => Promise<ImageBitmap>) {
    this.#painter = new Painter(canvas)
    this.#previews = new Previews(decode)
  }

  /**
   * Paints a snapshot; undefined clears the canvas. Resolves when it is painted completely or replaced by a later call;
   * rejects if the preview cannot be decoded.
   *
   * @param maxEntropy end of the entropy map's scale, in nats
   */
  async show(mode: ViewMode, snapshot: Snapshot | undefined, maxEntropy: number): Promise<void> {
    const shown = { mode, snapshot }
    this.#shown = shown
    const tokens = mode === 'preview' && snapshot ? previewTokens(snapshot) : undefined
    const cached = tokens && this.#previews.get(tokens)
    // Until the preview is decoded, the previous one stays, under the dots of this snapshot.
    const previous = this.#paintedTokens && this.#previews.get(this.#paintedTokens)
    this.#painter.paint(mode, snapshot, cached ?? (tokens && previous), maxEntropy)
    if (cached) this.#paintedTokens = tokens
    if (!tokens || cached) return
    const decoded = await this.#previews.request(tokens)
    if (!decoded || this.#shown !== shown) return
    this.#paintedTokens = tokens
    this.#painter.paint(mode, snapshot, decoded, maxEntropy)
  }

  /** Closes all bitmaps. The canvas keeps its content. */
  releaseBitmaps(): void {
    this.#previews.clear()
  }
}
