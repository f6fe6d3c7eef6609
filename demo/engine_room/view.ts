import { formatBytes, formatCount, formatMilliseconds, formatPercent } from '../format'
import type { DrawingResult, EngineFacts, Frame } from '../worker/protocol'
import { DrawingFigures, type Figures } from './figures'
import markup from './view.html?raw'

interface EngineRoomActions {
  /** Deletes the stored model. The caller then calls `showStored`, or handles the error. */
  deleteStored(): void
}

const UNKNOWN = '–'

/**
 * Shows facts about the engine, times of the drawing and the size of the stored model. Writes figures at most once per
 * animation frame. Styles in `styles/engine_room.css`.
 */
export class EngineRoomView {
  readonly #root: HTMLElement
  readonly #delete: HTMLButtonElement
  readonly #figures = new DrawingFigures()
  #totals: DrawingResult['milliseconds'] | undefined
  #isScheduled = false

  /** @param root an empty element, which the view owns */
  constructor(root: HTMLElement, { deleteStored }: EngineRoomActions) {
    root.innerHTML = markup
    this.#root = root
    this.#delete = root.querySelector('button')!
    this.#delete.addEventListener('click', () => {
      if (this.#delete.ariaDisabled !== 'true') this.#ask(true)
    })
    root.querySelector('[data-testid=keep-stored]')!.addEventListener('click', () => this.#ask(false))
    root.querySelector('[data-testid=confirm-delete]')!.addEventListener('click', () => {
      this.#ask(false)
      deleteStored()
    })
  }

  /** To be called when the worker is open, and after each drawing, when the GPU memory may have changed. */
  showFacts({ backend, threads, gpuBytes, modelHash }: EngineFacts): void {
    this.#write('engine', backend.engine === 'webgpu' ? 'WebGPU' : 'CPU')
    this.#write('network', backend.network === 'webgpu' ? 'WebGPU' : `WebAssembly, ${formatCount(threads, 'thread')}`)
    this.#write('adapter', backend.adapter || 'none')
    this.#write('gpuBytes', gpuBytes === undefined ? UNKNOWN : formatBytes(gpuBytes))
    this.#write('modelHash', modelHash.slice(0, 12))
    this.#write('features', backend.features.join(', ') || 'none')
  }

  /** To be called with every frame of a drawing. Frame 0 resets the figures. */
  showFrame(frame: Frame): void {
    this.#figures.add(frame)
    if (frame.step === 0) this.#totals = undefined
    this.#scheduleFigures()
  }

  /** To be called when a drawing is finished. */
  showResult({ milliseconds }: DrawingResult): void {
    this.#totals = milliseconds
    this.#scheduleFigures()
  }

  /** @param bytes of the stored model; undefined if unknown */
  showStored(bytes: number | undefined): void {
    this.#write('stored', bytes === undefined ? UNKNOWN : bytes === 0 ? 'nothing' : formatBytes(bytes))
    // Not `disabled`, which would take the focus from the button that was just pressed.
    this.#delete.ariaDisabled = String(!bytes)
  }

  /** Shows the question before the model is deleted, or takes it back. The focus goes with it. */
  #ask(isAsking: boolean): void {
    this.#root.querySelector<HTMLElement>('.confirm')!.hidden = !isAsking
    this.#delete.hidden = isAsking
    const next = isAsking ? this.#root.querySelector<HTMLElement>('[data-testid=keep-stored]')! : this.#delete
    next.focus()
  }

  #scheduleFigures(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    requestAnimationFrame(() => {
      this.#isScheduled = false
      this.#writeFigures()
    })
  }

  #writeFigures(): void {
    const { last, total } = this.#figures
    this.#writeColumn('Last', last)
    this.#writeColumn('Mean', total)
    this.#write('columnsAll', total.columns === 0 ? UNKNOWN : `${total.columnsRead} of ${total.columns}`)
    for (const part of ['network', 'engine', 'decode', 'total'] as const) {
      this.#write(`${part}All`, this.#totals ? formatMilliseconds(this.#totals[part]) : UNKNOWN)
    }
  }

  /** Writes means per step into a column of the table. */
  #writeColumn(column: 'Last' | 'Mean', { steps, networkMilliseconds, engineMilliseconds, ...logits }: Figures): void {
    const isKnown = steps > 0
    this.#write(`network${column}`, isKnown ? formatMilliseconds(networkMilliseconds / steps) : UNKNOWN)
    this.#write(`engine${column}`, isKnown ? formatMilliseconds(engineMilliseconds / steps) : UNKNOWN)
    this.#write(`columns${column}`, logits.columns > 0 ? formatPercent(logits.columnsRead / logits.columns) : UNKNOWN)
  }

  #write(fact: string, text: string): void {
    const element = this.#root.querySelector(`[data-fact="${fact}"]`)!
    if (element.textContent !== text) element.textContent = text
  }
}
