import type { RouteTable, TimestepPair } from 'vq-diffusion-webgpu'
import { formatPercent } from '../format'
import { isSameGrid, sizeOf, type TokenGrid } from '../model/model'
import { STICKERS } from '../model/stickers'
import { cellAt, middleCell, rowAndColumn } from '../picture/cells'
import type { Origin } from '../picture/picture'
import { DECIDED, REPLACED, type Snapshot, type Trajectory } from '../trajectory/trajectory'
import { type CellStep, cellStep, formatProbability, isRecorded, type RecordedSnapshot, ROUTES } from './cell_step'
import { clear, paintEntropy, paintPicture, paintTokens, type Reference } from './token_canvas'
import markup from './view.html?raw'

interface ExplainActions {
  /** The probabilities of a step's routes: `Process.routeTable`. */
  routeTable(step: TimestepPair): RouteTable
  /** Has screen readers read a sentence. */
  announce(sentence: string): void
}

const CANVASES = ['noise', 'before', 'x0', 'entropy', 'after', 'picture', 'cell'] as const
const TEXTS = ['noise', 'before', 'after', 'cell', 'taken', 'picture'] as const
/** What is said of a model's grid, which stays when there is nothing to explain. */
const GRID_TEXTS = ['tokens', 'codes'] as const

/** Explains one step of one picture, from the noise to the decoder, and the routes of one cell. Styles in `styles/explain.css`. */
export class ExplainView {
  readonly #actions: ExplainActions
  readonly #canvases: Record<(typeof CANVASES)[number], HTMLCanvasElement>
  readonly #texts: Record<(typeof TEXTS)[number], HTMLElement>
  readonly #gridTexts: Record<(typeof GRID_TEXTS)[number], HTMLElement>
  readonly #step: HTMLInputElement
  readonly #stepText: HTMLElement
  readonly #picker: HTMLElement
  readonly #routes: Record<(typeof ROUTES)[number], HTMLElement>
  #trajectory: Trajectory | undefined
  #reference: Reference | undefined
  #origin: Origin = 'drawn'
  /** Of the picture that was explained last. */
  #grid: TokenGrid | undefined
  #cell = 0

  /** @param root an empty element with a heading or label, which the view owns */
  constructor(root: HTMLElement, actions: ExplainActions) {
    root.innerHTML = markup
    root.classList.add('explain')
    const find = <E extends Element>(selector: string) => root.querySelector<E>(selector)!
    const byName = <Name extends string, E extends Element>(names: readonly Name[], attribute: string) =>
      Object.fromEntries(names.map((name) => [name, find<E>(`[${attribute}=${name}]`)])) as Record<Name, E>
    this.#actions = actions
    this.#canvases = byName(CANVASES, 'data-canvas')
    this.#texts = byName(TEXTS, 'data-text')
    this.#gridTexts = byName(GRID_TEXTS, 'data-text')
    this.#routes = byName(ROUTES, 'data-route')
    this.#step = find('[data-testid=explain-step]')
    this.#stepText = find('.explain-step-text')
    this.#picker = find('.explain-picker')

    this.#showGrid(STICKERS.grid)
    this.#step.addEventListener('input', () => this.#show())
    this.#picker.addEventListener('click', ({ clientX, clientY }) => {
      if (!this.#reference) return
      const { left, top, width, height } = this.#picker.getBoundingClientRect()
      this.#pick(cellAt((clientX - left) / width, (clientY - top) / height, this.#reference.grid))
    })
    this.#picker.tabIndex = 0
    this.#picker.addEventListener('keydown', (event) => this.#move(event))
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#show())
  }

  /** Explains a drawing by its finished picture, at the step that was chosen before if it has as many. */
  show(trajectory: Trajectory, reference: Reference, origin: Origin): void {
    const isNew = this.#trajectory === undefined
    this.#showGrid(reference.grid)
    this.#trajectory = trajectory
    this.#reference = reference
    this.#origin = origin
    const last = Math.max(1, trajectory.snapshots.length - 1)
    this.#step.max = String(last)
    // The middle of a drawing has most to see.
    if (isNew) this.#step.value = String(Math.ceil(last / 2))
    this.#show()
  }

  #showGrid(grid: TokenGrid): void {
    if (this.#grid && isSameGrid(this.#grid, grid)) return
    this.#grid = grid
    this.#cell = middleCell(grid)
    this.#gridTexts.tokens.textContent = String(sizeOf(grid))
    this.#gridTexts.codes.textContent = String(grid.numCodes)
  }

  /** Empties everything; the layout stays. */
  clear(): void {
    this.#trajectory = undefined
    this.#reference = undefined
    for (const canvas of Object.values(this.#canvases)) clear(canvas)
    for (const text of [...Object.values(this.#texts), this.#stepText]) text.textContent = ''
    for (const route of Object.values(this.#routes)) writeRoute(route, 0, '', false)
  }

  #show(): void {
    const reference = this.#reference
    const position = this.#step.valueAsNumber
    const [start, before, after] = [0, position - 1, position].map((at) => this.#trajectory?.snapshots[at])
    if (!reference || !start || !before || !isRecorded(after)) return
    const steps = this.#trajectory!.numSteps
    const canvases = this.#canvases
    paintTokens(canvases.noise, start.tokens, reference)
    paintTokens(canvases.before, before.tokens, reference)
    paintTokens(canvases.x0, after.predOriginalSample, reference)
    paintEntropy(canvases.entropy, after.entropy, this.#trajectory!.maxEntropy, reference.grid)
    paintTokens(canvases.after, after.tokens, reference)
    paintPicture(canvases.picture, reference.bitmap)
    paintTokens(canvases.cell, before.tokens, reference)
    this.#texts.picture.textContent = describeDecoder(reference)
    this.#texts.noise.textContent = describeStart(start, this.#origin)
    this.#texts.before.textContent = `Before step ${position}, at timestep t = ${before.timestep}, ${masked(before)}.`
    this.#texts.after.textContent = describeStep(after)
    const text = `${position} of ${steps}, t = ${before.timestep} → ${after.timestep < 0 ? 'clean' : after.timestep}`
    this.#stepText.textContent = text
    this.#step.setAttribute('aria-valuetext', text)
    this.#showCell(before, after)
  }

  #showCell(before: Snapshot, after: RecordedSnapshot): CellStep {
    const [row, column] = rowAndColumn(this.#cell, before.grid)
    this.#picker.style.setProperty('--row', String(row))
    this.#picker.style.setProperty('--column', String(column))
    const step = cellStep(before, after, this.#cell, this.#actions.routeTable)
    this.#texts.cell.textContent = `${placeOf(this.#cell, before.grid)} ${describeBefore(step, before.grid)}`
    this.#texts.taken.textContent = describeTaken(step)
    for (const route of ROUTES) {
      const probability = step.probabilities[route]
      writeRoute(this.#routes[route], probability, formatProbability(probability), route === step.taken)
    }
    return step
  }

  #pick(cell: number): void {
    this.#cell = cell
    const position = this.#step.valueAsNumber
    const [before, after] = [position - 1, position].map((at) => this.#trajectory?.snapshots[at])
    if (!before || !isRecorded(after)) return
    const step = this.#showCell(before, after)
    const probabilities = ROUTES.map((route) => `${NAMES[route]} ${formatProbability(step.probabilities[route])}`)
    this.#actions.announce(
      `${placeOf(cell, before.grid)} ${describeBefore(step, before.grid)} ${probabilities.join(', ')}. ${describeTaken(step)}`,
    )
  }

  #move(event: KeyboardEvent): void {
    const offset = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key]
    const { grid } = this.#reference ?? {}
    if (offset === undefined || grid === undefined) return
    event.preventDefault()
    const [row, column] = rowAndColumn(this.#cell, grid).map((at, axis) => at + offset[axis]!) as [number, number]
    if (row >= 0 && column >= 0 && row < grid.height && column < grid.width) this.#pick(row * grid.width + column)
  }
}

const NAMES = { x0: 'take the x₀', keep: 'keep the token', uniform: 'take a random code', mask: 'take the mask' }

function writeRoute(route: HTMLElement, probability: number, text: string, isTaken: boolean): void {
  route.style.setProperty('--probability', String(probability))
  route.querySelector('b')!.textContent = text
  route.classList.toggle('taken', isTaken)
}

function capitalised(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1)
}

function masked({ maskedShare }: Snapshot): string {
  return maskedShare === 1 ? 'all tokens are masked' : `${formatPercent(maskedShare)} of the tokens are masked`
}

function describeStart(start: Snapshot, origin: Origin): string {
  if (origin === 'varied')
    return `The start: the picture, noised up to t = ${start.timestep}. ${capitalised(masked(start))}.`
  return `The start: ${masked(start)}${start.maskedShare < 1 ? ', and the others are random codes' : ''}.`
}

function describeDecoder({ grid, bitmap }: Reference): string {
  return `After the last step, the decoder turns the ${sizeOf(grid)} tokens into ${bitmap.width} × ${bitmap.height} pixels.`
}

function describeStep({ changes }: Snapshot): string {
  const [decided, revised] = [DECIDED, REPLACED].map((kind) => changes.filter((change) => change === kind).length)
  return `${decided} masked tokens were decided and ${revised} others changed. The rest wait or stay.`
}

function placeOf(cell: number, grid: TokenGrid): string {
  const [row, column] = rowAndColumn(cell, grid)
  return `Row ${row + 1}, column ${column + 1}:`
}

/** Entropy as a number of codes: that of a uniform choice among so many. */
function describeBefore({ before, x0, entropy }: CellStep, { numCodes }: TokenGrid): string {
  const codes = Math.round(Math.exp(entropy))
  const sure = codes <= 1 ? 'The network is sure' : `The network wavers between about ${codes} codes`
  const token = before === numCodes ? 'masked' : `code ${before}`
  const guess = before === x0 ? 'the same code' : `code ${x0}`
  return `${token}. ${sure} (entropy ${entropy.toFixed(1)} nats); its x₀ is ${guess}.`
}

function describeTaken({ before, after, taken }: CellStep): string {
  const drawn = {
    x0: 'it took the x₀',
    keep: 'it kept its token',
    uniform: 'it took a random code',
    mask: 'it stayed masked',
  }[taken]
  return `Drawn: ${drawn}${before === after ? '' : `, code ${after}`}.`
}
