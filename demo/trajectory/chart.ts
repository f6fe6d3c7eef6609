import { percent } from '../format'
import { type Expectation, NUM_LATENT_PIXELS } from '../worker/protocol'
import { chartTable } from './chart_table'
import type { Trajectory } from './trajectory'

const WIDTH = 360
const HEIGHT = 222
/** Where curves are drawn; right of it stand the ends of the scales. */
const LEFT = 4
const RIGHT = 316
const PANEL_HEIGHT = 66

/** One curve, the schedule's expectation of it, and how its numbers are said. Values are by step; some are missing. */
interface Panel {
  name: string
  top: number
  values: (number | undefined)[]
  expected: (number | undefined)[]
  most: number
  format(value: number): string
}

/**
 * Masked share and changed cells of every step against what the schedule expects, a panel each, over one axis of steps;
 * with a mark at one of them, and all numbers as a table below.
 */
export class Chart {
  readonly #root: HTMLElement
  #panels: Panel[] = []
  #x = (_step: number) => LEFT
  #marker = svg('g', { class: 'marker' })

  /** @param root an empty element that is the chart's alone */
  constructor(root: HTMLElement) {
    this.#root = root
  }

  /** Draws everything anew; without an expectation there are only the picture's own curves. */
  show(trajectory: Trajectory, expectation: Expectation | undefined): void {
    const { moments, numSteps } = trajectory
    const cells = (share: number) => share * NUM_LATENT_PIXELS
    const changed = moments.map(({ step, numChanged }) => (step === 0 ? undefined : numChanged))
    const expectedChanged = expectation ? [undefined, ...expectation.changed.map(cells)] : []
    this.#panels = [
      {
        ...{ name: 'masked', top: 26, most: 1, format: percent },
        values: moments.map(({ maskedShare }) => maskedShare),
        expected: expectation?.masked ?? [],
      },
      {
        ...{ name: 'changed', top: 130, format: (value) => `${Math.round(value)} ${value === 1 ? 'cell' : 'cells'}` },
        most: niceCeiling(Math.max(0, ...[...changed, ...expectedChanged].map((value) => value ?? 0)) || 100),
        values: changed,
        expected: expectedChanged,
      },
    ]
    this.#x = (step) => LEFT + ((RIGHT - LEFT) * step) / Math.max(1, numSteps)
    const picture = svg('svg', {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label':
        'Masked share and changed cells over the steps, beside what the schedule expects; the table has the numbers.',
    })
    picture.append(
      ...this.#panels.flatMap((panel) => this.#draw(panel)),
      svg('text', { x: LEFT, y: HEIGHT - 6 }, 'start'),
      svg('text', { x: RIGHT, y: HEIGHT - 6, 'text-anchor': 'end' }, numSteps === 0 ? 'end' : `step ${numSteps}`),
      this.#marker,
    )
    const open = this.#root.querySelector('details')?.open ?? false
    this.#root.replaceChildren(picture, chartTable(trajectory, expectation, open))
  }

  /** Puts the mark on a step, with its numbers beside the names of the curves. */
  mark(step: number): void {
    const x = this.#x(step)
    const parts: SVGElement[] = []
    for (const panel of this.#panels) {
      const { name, top, values, expected, format } = panel
      const [value, wanted] = [values[step], expected[step]]
      const said = value === undefined ? '' : ` ${format(value)}`
      if (values.length > 0) parts.push(svg('line', { x1: x, x2: x, y1: top, y2: top + PANEL_HEIGHT }))
      parts.push(svg('text', { x: LEFT, y: top - 8, class: name }, name + said))
      if (value !== undefined) parts.push(svg('circle', { cx: x, cy: y(panel, value), r: 4, class: name }))
      if (expected.length === 0) continue
      const saidToo = wanted === undefined ? '' : ` ${format(wanted)}`
      parts.push(
        svg('path', { d: `M${RIGHT - 158} ${top - 12}h20`, class: 'expected' }),
        svg('text', { x: RIGHT - 132, y: top - 8 }, `schedule${saidToo}`),
      )
    }
    this.#marker.replaceChildren(...parts)
  }

  #draw(panel: Panel): SVGElement[] {
    const { name, values, expected, most, format } = panel
    const scale = [most, 0].flatMap((value) => [
      svg('path', { d: `M${LEFT} ${y(panel, value)}H${RIGHT}`, class: 'grid' }),
      svg('text', { x: RIGHT + 8, y: y(panel, value) + 4 }, format(value).replace(/ cells?/, '')),
    ])
    const curve = (points: (number | undefined)[], className: string) => {
      const places = points.flatMap((value, step) =>
        value === undefined ? [] : `${this.#x(step).toFixed(1)} ${y(panel, value).toFixed(1)}`,
      )
      return places.length > 0 ? [svg('path', { d: `M${places.join('L')}`, class: className })] : []
    }
    return [...scale, ...curve(expected, 'expected'), ...curve(values, `curve ${name}`)]
  }
}

function y({ top, most }: Panel, value: number): number {
  return top + PANEL_HEIGHT * (1 - value / most)
}

/** The next of 1, 2, 5, 10, 20, … that `value` does not exceed. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value)!
}

function svg(name: string, attributes: Record<string, string | number>, text = ''): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value))
  element.textContent = text
  return element
}
