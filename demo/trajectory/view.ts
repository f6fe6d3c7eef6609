import type { Expectation, StudioWorker, Tokens } from '../worker/protocol'
import { Chart } from './chart'
import { rampGradient } from './colours'
import { saveGif } from './gif_export'
import type { What } from './painter'
import { Player } from './player'
import { MomentCanvas } from './snapshot_canvas'
import { DECIDED, describe, type Moment, pictureTokens, REPLACED, Trajectory } from './trajectory'
import markup from './view.html?raw'

export interface TrajectoryActions {
  /** The picture of clean tokens. The bitmap becomes the view's own, which closes it. */
  decode(tokens: Tokens): Promise<ImageBitmap>
  exportGif(...parameters: Parameters<StudioWorker['exportGif']>): Promise<Blob>
  /** Something that was asked for failed; a sentence for a person. */
  onError(sentence: string): void
}

/** What the picture is called on the page, and as a file, without an ending. */
export interface TrajectoryName {
  title: string
  fileName: string
}

const NOTHING = new Trajectory(0, 0)
/** A whole trajectory plays in about so long, in milliseconds; a step stays for so long at least and at most. */
const PLAYING_TIME = 3200
const [SHORTEST, LONGEST] = [60, 320]

/**
 * How one picture came to be: its moments under a scrubber, played only when asked to. Styles in
 * `styles/trajectory.css`.
 */
export class TrajectoryView {
  readonly #actions: TrajectoryActions
  readonly #root: HTMLElement
  readonly #image: HTMLCanvasElement
  readonly #canvas: MomentCanvas
  readonly #scrubber: HTMLInputElement
  readonly #caption: HTMLElement
  readonly #buttons: Record<'back' | 'play' | 'forward' | 'export', HTMLButtonElement>
  readonly #chart: Chart
  readonly #player: Player
  #trajectory = NOTHING
  #expectation: Expectation | undefined
  #name: TrajectoryName = { title: '', fileName: '' }
  #what: What = 'preview'
  #highestEntropy = 0
  #exporting = false

  /** @param root an empty element that is this view's alone, with a heading or label of its own */
  constructor(root: HTMLElement, actions: TrajectoryActions) {
    root.innerHTML = markup
    root.classList.add('trajectory')
    const find = <E extends Element>(selector: string) => root.querySelector<E>(selector)!
    this.#actions = actions
    this.#root = root
    this.#image = find('canvas')
    this.#canvas = new MomentCanvas(this.#image, actions.decode)
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
    find('fieldset').addEventListener('change', (event) => {
      this.#what = (event.target as HTMLInputElement).value as What
      this.#showMoment()
    })
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#showMoment())
    this.clear()
  }

  /**
   * Shows the end of a trajectory, for which it is decoded at once. The expectation is that of the same settings; it may
   * come later with another call.
   */
  show(trajectory: Trajectory, name: TrajectoryName, expectation?: Expectation): void {
    const same = trajectory === this.#trajectory
    if (!same) this.#canvas.forget()
    this.#trajectory = trajectory
    this.#expectation = expectation
    this.#name = name
    this.#player.pause()
    this.#showAll(same ? this.#position : Number.POSITIVE_INFINITY)
  }

  /** To be called when the trajectory that is shown has grown; follows its end unless somebody looks at an earlier step. */
  refresh(): void {
    const atEnd = this.#scrubber.value === this.#scrubber.max
    this.#showAll(atEnd ? Number.POSITIVE_INFINITY : this.#position)
  }

  /** Shows nothing, and lets go of all bitmaps. */
  clear(): void {
    this.show(NOTHING, { title: '', fileName: '' })
  }

  get #position(): number {
    return this.#scrubber.valueAsNumber
  }

  get #moment(): Moment | undefined {
    return this.#trajectory.moments[this.#position]
  }

  #showAll(position: number): void {
    const last = Math.max(0, this.#trajectory.moments.length - 1)
    this.#scrubber.max = String(last)
    this.#scrubber.value = String(Math.min(position, last))
    this.#scrubber.disabled = last === 0
    this.#chart.show(this.#trajectory, this.#expectation)
    this.#highestEntropy = this.#trajectory.highestEntropy
    this.#write('entropy', this.#highestEntropy.toFixed(1))
    this.#showMoment()
  }

  /** Goes there because somebody wants to. */
  #goTo(position: number): void {
    this.#player.pause()
    this.#scrubber.value = String(position)
    this.#showMoment()
  }

  /** Resolves when it is all to be seen, the decoded preview included. */
  #showMoment(): Promise<void> {
    const moment = this.#moment
    const description = moment ? describe(moment, this.#trajectory.numSteps) : 'no steps yet'
    this.#scrubber.setAttribute('aria-valuetext', description)
    this.#image.ariaLabel = [this.#name.title, this.#what, description].filter((part) => part !== '').join(', ')
    this.#caption.textContent = description.replace(/ cells?/, '').replaceAll(', ', ' · ')
    const counted = (change: number) => String(moment?.changes.filter((other) => other === change).length ?? 0)
    this.#write('decided', counted(DECIDED))
    this.#write('replaced', counted(REPLACED))
    this.#root.dataset.what = moment?.step ? legendOf(this.#what, moment) : this.#what
    this.#enableButtons()
    this.#chart.mark(this.#position)
    return this.#canvas.show(this.#what, moment, this.#highestEntropy).catch((error) => {
      this.#player.pause()
      this.#actions.onError(error.message)
    })
  }

  /** One step on, or from the end to the start; returns how long to stay there. */
  async #advance(): Promise<number | undefined> {
    const last = this.#trajectory.moments.length - 1
    this.#scrubber.value = this.#position < last ? String(this.#position + 1) : '0'
    await this.#showMoment()
    if (this.#position >= last) return undefined
    return Math.min(LONGEST, Math.max(SHORTEST, PLAYING_TIME / last))
  }

  async #export(): Promise<void> {
    if (this.#buttons.export.ariaDisabled === 'true') return
    this.#exporting = true
    this.#enableButtons()
    try {
      await saveGif(this.#trajectory, this.#actions.exportGif, `${this.#name.fileName}.gif`)
    } catch (error) {
      this.#actions.onError((error as Error).message)
    } finally {
      this.#exporting = false
      this.#enableButtons()
    }
  }

  /** Not by `disabled`: that would take the focus from whoever has just pressed one. */
  #enableButtons(): void {
    const last = Number(this.#scrubber.max)
    const { back, play, forward, export: save } = this.#buttons
    back.ariaDisabled = String(this.#position === 0)
    forward.ariaDisabled = String(this.#position === last)
    play.ariaDisabled = String(last === 0)
    save.ariaDisabled = String(last === 0 || this.#exporting)
  }

  #write(count: string, text: string): void {
    this.#root.querySelector(`[data-count=${count}]`)!.textContent = text
  }
}

/** What is said below a moment after the start: what its colours mean, or why there is nothing to see. */
function legendOf(what: What, moment: Moment): What | 'no-entropy' | 'not-recorded' {
  const missing = { preview: !pictureTokens(moment), entropy: !moment.entropy, tokens: false, changes: false }[what]
  if (!missing) return what
  return moment.predOriginalSample ? 'no-entropy' : 'not-recorded'
}
