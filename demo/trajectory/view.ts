import { STICKERS } from '../model/stickers'
import type { Expectation, Size, Tokens } from '../worker/protocol'
import { Chart } from './chart'
import { rampGradient } from './colours'
import { type ExportGif, saveGif } from './gif_export'
import type { ViewMode } from './painter'
import { Player } from './player'
import { SnapshotCanvas } from './snapshot_canvas'
import { DECIDED, describe, previewTokens, REPLACED, type Snapshot, Trajectory } from './trajectory'
import markup from './view.html?raw'

interface TrajectoryActions {
  /** Decodes clean tokens. The view owns and closes the bitmap. */
  decode(tokens: Tokens): Promise<ImageBitmap>
  exportGif: ExportGif
  /** Called with a sentence when an action fails. */
  onError(sentence: string): void
}

/** The picture's title on the page, its file name without extension, and its size in pixels. */
interface TrajectoryName {
  picture: Size
  title: string
  fileName: string
}

const EMPTY = new Trajectory(0, STICKERS.grid, 0)
const NO_NAME: TrajectoryName = { title: '', fileName: '', picture: STICKERS.picture }
/** Duration of playing a whole trajectory, and limits for one step, in milliseconds. */
const PLAY_DURATION = 3200
const MIN_STEP_DURATION = 60
const MAX_STEP_DURATION = 320

/** Shows the trajectory of one picture: snapshots with a scrubber, and a chart. Styles in `styles/trajectory.css`. */
export class TrajectoryView {
  readonly #actions: TrajectoryActions
  readonly #root: HTMLElement
  readonly #image: HTMLCanvasElement
  readonly #canvas: SnapshotCanvas
  readonly #scrubber: HTMLInputElement
  readonly #caption: HTMLElement
  readonly #buttons: Record<'back' | 'play' | 'forward' | 'export', HTMLButtonElement>
  readonly #chart: Chart
  readonly #player: Player
  #trajectory = EMPTY
  #name = NO_NAME
  #mode: ViewMode = 'preview'
  #maxEntropy = 0
  /** Stops the GIF that is being made; undefined if there is none. */
  #exporting: AbortController | undefined

  /** @param root an empty element with a heading or label, which the view owns */
  constructor(root: HTMLElement, actions: TrajectoryActions) {
    root.innerHTML = markup
    root.classList.add('trajectory')
    const find = <E extends Element>(selector: string) => root.querySelector<E>(selector)!
    this.#actions = actions
    this.#root = root
    this.#image = find('canvas')
    this.#canvas = new SnapshotCanvas(this.#image, actions.decode)
    this.#scrubber = find('[data-testid=scrubber]')
    this.#caption = find('.trajectory-caption')
    this.#buttons = {
      back: find('[data-testid=step-back]'),
      play: find('[data-testid=play]'),
      forward: find('[data-testid=step-forward]'),
      export: find('[data-testid=export-gif]'),
    }
    this.#chart = new Chart(find('.trajectory-chart'))
    this.#player = new Player(this.#buttons.play, () => this.#advance())
    find<HTMLElement>('.ramp').style.backgroundImage = rampGradient()

    this.#scrubber.addEventListener('input', () => this.#goTo(this.#scrubber.valueAsNumber))
    this.#buttons.back.addEventListener('click', () => this.#goTo(this.#position - 1))
    this.#buttons.forward.addEventListener('click', () => this.#goTo(this.#position + 1))
    this.#buttons.export.addEventListener('click', () => this.#export())
    find('[data-testid=cancel-gif]').addEventListener('click', () => this.#exporting?.abort())
    find('fieldset').addEventListener('change', (event) => {
      this.#mode = (event.target as HTMLInputElement).value as ViewMode
      this.#showSnapshot()
    })
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#showSnapshot())
    this.clear()
  }

  /** Shows the last snapshot of a trajectory, and decodes its preview. */
  show(trajectory: Trajectory, name: TrajectoryName, expectation?: Expectation): void {
    this.#canvas.releaseBitmaps()
    this.#trajectory = trajectory
    this.#name = name
    this.#maxEntropy = trajectory.maxEntropy
    this.#player.pause()
    const last = Math.max(0, trajectory.snapshots.length - 1)
    this.#scrubber.max = String(last)
    this.#scrubber.value = String(last)
    this.#scrubber.disabled = last === 0
    this.#chart.show(trajectory, expectation)
    if (trajectory !== EMPTY) this.#writeCount('codes', String(trajectory.grid.numCodes))
    this.#writeCount('entropy', this.#maxEntropy.toFixed(1))
    this.#showSnapshot()
  }

  /** Shows an empty trajectory, and closes all bitmaps. */
  clear(): void {
    this.show(EMPTY, NO_NAME)
  }

  get #position(): number {
    return this.#scrubber.valueAsNumber
  }

  get #snapshot(): Snapshot | undefined {
    return this.#trajectory.snapshots[this.#position]
  }

  /** Goes to a position that the user chose. */
  #goTo(position: number): void {
    this.#player.pause()
    this.#scrubber.value = String(position)
    this.#showSnapshot()
  }

  /** Resolves when the snapshot is painted, its decoded preview included. */
  #showSnapshot(): Promise<void> {
    const snapshot = this.#snapshot
    const description = snapshot ? describe(snapshot, this.#trajectory.numSteps) : 'no steps yet'
    this.#scrubber.setAttribute('aria-valuetext', description)
    this.#image.ariaLabel = [this.#name.title, this.#mode, description].filter((part) => part !== '').join(', ')
    this.#caption.textContent = description.replace(/ cells?/, '').replaceAll(', ', ' · ')
    const countChanges = (kind: number) => String(snapshot?.changes.filter((change) => change === kind).length ?? 0)
    this.#writeCount('decided', countChanges(DECIDED))
    this.#writeCount('replaced', countChanges(REPLACED))
    this.#root.dataset.legend = snapshot?.step ? legendOf(this.#mode, snapshot) : this.#mode
    this.#enableButtons()
    this.#chart.mark(this.#position)
    return this.#canvas.show(this.#mode, snapshot, this.#maxEntropy).catch((error) => {
      this.#player.pause()
      this.#actions.onError(error.message)
    })
  }

  /** Shows the next snapshot, or the first after the last. Returns the milliseconds to show it for. */
  async #advance(): Promise<number | undefined> {
    const last = this.#trajectory.snapshots.length - 1
    this.#scrubber.value = this.#position < last ? String(this.#position + 1) : '0'
    await this.#showSnapshot()
    if (this.#position >= last) return undefined
    return Math.min(MAX_STEP_DURATION, Math.max(MIN_STEP_DURATION, PLAY_DURATION / last))
  }

  async #export(): Promise<void> {
    if (this.#buttons.export.ariaDisabled === 'true') return
    const exporting = new AbortController()
    const { signal } = exporting
    const making = this.#root.querySelector<HTMLElement>('.trajectory-making')!
    const onProgress = (share: number) => {
      making.querySelector('progress')!.value = share
    }
    this.#exporting = exporting
    onProgress(0)
    making.hidden = false
    this.#enableButtons()
    try {
      const fileName = `${this.#name.fileName}.gif`
      const { picture } = this.#name
      await saveGif(this.#trajectory, this.#actions.exportGif, { picture, fileName, onProgress, signal })
    } catch (error) {
      if (!signal.aborted) this.#actions.onError((error as Error).message)
    } finally {
      // Cancel is hidden now and would lose the focus.
      if (making.contains(document.activeElement)) this.#buttons.export.focus()
      making.hidden = true
      this.#exporting = undefined
      this.#enableButtons()
    }
  }

  /** Uses `aria-disabled`: `disabled` would take the focus from the button that was just pressed. */
  #enableButtons(): void {
    const last = Number(this.#scrubber.max)
    const { back, play, forward, export: save } = this.#buttons
    back.ariaDisabled = String(this.#position === 0)
    forward.ariaDisabled = String(this.#position === last)
    play.ariaDisabled = String(last === 0)
    save.ariaDisabled = String(last === 0 || this.#exporting !== undefined)
  }

  #writeCount(count: string, text: string): void {
    this.#root.querySelector(`[data-count=${count}]`)!.textContent = text
  }
}

/** The legend below a snapshot: the mode's own, or why there is nothing to show. */
function legendOf(mode: ViewMode, snapshot: Snapshot): ViewMode | 'no-entropy' | 'not-recorded' {
  const isMissing =
    (mode === 'preview' && !previewTokens(snapshot)) || (mode === 'entropy' && snapshot.entropy === undefined)
  if (!isMissing) return mode
  return snapshot.predOriginalSample ? 'no-entropy' : 'not-recorded'
}
