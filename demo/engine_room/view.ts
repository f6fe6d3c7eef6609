import { percent } from '../format'
import type { Drawn, EngineFacts, Frame } from '../worker/protocol'
import { DrawingFigures, type Figures, formatBytes, formatMilliseconds } from './figures'
import markup from './view.html?raw'

export interface EngineRoomActions {
  /** Deletes what is stored of the model. The owner calls `showStored` afterwards, or handles what failed. */
  deleteStored(): void
}

const UNKNOWN = '–'

/**
 * What runs here, how long it takes and what it keeps: facts and figures, in an element of the page. Styles in
 * `styles/engine_room.css`. It may be closed or hidden: figures are written at most once a frame, and only then.
 */
export class EngineRoom {
  readonly #root: HTMLElement
  readonly #delete: HTMLButtonElement
  readonly #figures = new DrawingFigures()
  #drawn: Drawn['milliseconds'] | undefined
  #scheduled = false

  /** @param root an empty element that is this room's alone */
  constructor(root: HTMLElement, { deleteStored }: EngineRoomActions) {
    root.innerHTML = markup
    this.#root = root
    this.#delete = root.querySelector('button')!
    this.#delete.addEventListener('click', () => {
      if (this.#delete.ariaDisabled !== 'true') deleteStored()
    })
  }

  /** To be called when the worker is open, and again when a drawing has ended, for the GPU memory. */
  showFacts({ backend, adapter, features, gpuBytes, modelHash }: EngineFacts): void {
    this.#write('engine', backend.engine === 'webgpu' ? 'WebGPU' : 'CPU')
    this.#write('network', backend.network === 'webgpu' ? 'WebGPU' : 'WebAssembly')
    this.#write('adapter', adapter || 'none')
    this.#write('gpuBytes', gpuBytes === undefined ? UNKNOWN : formatBytes(gpuBytes))
    this.#write('modelHash', modelHash.slice(0, 12))
    this.#write('features', features.join(', ') || 'none')
  }

  /** To be called with every frame of a drawing, the start included: it begins the figures anew. */
  showFrame(frame: Frame): void {
    this.#figures.add(frame)
    if (frame.step === 0) this.#drawn = undefined
    this.#schedule()
  }

  /** To be called when a drawing is finished. */
  showDrawn({ milliseconds }: Drawn): void {
    this.#drawn = milliseconds
    this.#schedule()
  }

  /** How much of the model is stored on this machine, in bytes; undefined while nobody knows. */
  showStored(bytes: number | undefined): void {
    this.#write('stored', bytes === undefined ? UNKNOWN : bytes === 0 ? 'nothing' : formatBytes(bytes))
    // Not `disabled`: that would take the focus from whoever has just pressed it.
    this.#delete.ariaDisabled = String(!bytes)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      this.#writeFigures()
    })
  }

  #writeFigures(): void {
    const { last, total } = this.#figures
    this.#writeStep('Last', last)
    this.#writeStep('Mean', total)
    this.#write('columnsAll', total.columns === 0 ? UNKNOWN : `${total.columnsRead} of ${total.columns}`)
    for (const part of ['network', 'engine', 'decode', 'total'] as const) {
      this.#write(`${part}All`, this.#drawn ? formatMilliseconds(this.#drawn[part]) : UNKNOWN)
    }
  }

  /** A column of the table: means of one step or of several. */
  #writeStep(column: 'Last' | 'Mean', { steps, networkMilliseconds, engineMilliseconds, ...logits }: Figures): void {
    const known = steps > 0
    this.#write(`network${column}`, known ? formatMilliseconds(networkMilliseconds / steps) : UNKNOWN)
    this.#write(`engine${column}`, known ? formatMilliseconds(engineMilliseconds / steps) : UNKNOWN)
    this.#write(`columns${column}`, logits.columns > 0 ? percent(logits.columnsRead / logits.columns) : UNKNOWN)
  }

  #write(fact: string, text: string): void {
    const element = this.#root.querySelector(`[data-fact="${fact}"]`)!
    if (element.textContent !== text) element.textContent = text
  }
}
