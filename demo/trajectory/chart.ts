import { formatCount, formatPercent } from '../format'
import { sizeOf } from '../model/model'
import type { Expectation } from '../worker/protocol'
import { chartTable } from './chart_table'
import type { Trajectory } from './trajectory'

const WIDTH = 360
const HEIGHT = 222
/** Horizontal extent of the curves; the labels of the scales are right of it. */
const LEFT = 4
const RIGHT = 316
const PANEL_HEIGHT = 66

/** One curve with the schedule's expectation. Values are indexed by step; undefined where there is none. */
interface Panel {
  name: string
  top: number
  values: readonly (number | undefined)[]
  expected: readonly (number | undefined)[]
  max: number
  format(value: number): string
}

/**
 * Masked share and changed cells over the steps, in one panel each, with the schedule's expectation, a marker at one step,
 * and a table of all numbers.
 */
export class Chart {
  readonly #root: HTMLElement
  #panels: Panel[] = []
  #x = (_step: number) => LEFT
  #marker = svg('g', { class: 'marker' })

  /** @param root an empty element, which the chart owns */
  constructor(root: HTMLElement) {
    this.#root = root
  }

  /** Draws the chart again. */
  show(trajectory: Trajectory, expectation: Expectation | undefined): void {
    const { snapshots, numSteps, grid } = trajectory
    const toCells = (share: number) => share * sizeOf(grid)
    const changed = snapshots.map(({ step, numChanged }) => (step === 0 ? undefined : numChanged))
    const expectedChanged = expectation ? [undefined, ...expectation.changed.map(toCells)] : []
    const mostChanged = Math.max(0, ...[...changed, ...expectedChanged].map((value) => value ?? 0))
    this.#panels = [
      {
        name: 'masked',
        top: 26,
        values: snapshots.map(({ maskedShare }) => maskedShare),
        expected: expectation?.masked ?? [],
        max: 1,
        format: formatPercent,
      },
      {
        name: 'changed',
        top: 130,
        values: changed,
        expected: expectedChanged,
        max: niceCeiling(mostChanged || 100),
        format: (value) => formatCount(Math.round(value), 'cell'),
      },
    ]
    this.#x = (step) => LEFT + ((RIGHT - LEFT) * step) / Math.max(1, numSteps)
    const chart = svg('svg', {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label':
        'Masked share and changed cells over the steps, beside what the schedule expects; the table has the numbers.',
    })
    chart.append(
      ...this.#panels.flatMap((panel) => this.#draw(panel)),
      svg('text', { x: LEFT, y: HEIGHT - 6 }, 'start'),
      svg('text', { x: RIGHT, y: HEIGHT - 6, 'text-anchor': 'end' }, numSteps === 0 ? 'end' : `step ${numSteps}`),
      this.#marker,
    )
    const open = this.#root.querySelector('details')?.open ?? false
    this.#root.replaceChildren(chart, chartTable(trajectory, expectation, open))
  }

  /** Moves the marker to a step, and writes its numbers beside the names of the curves. */
  mark(step: number): void {
    const x = this.#x(step)
    const elements: SVGElement[] = []
    for (const panel of this.#panels) {
      const { name, top, values, expected, format } = panel
      const [value, expectedValue] = [values[step], expected[step]]
      const label = value === undefined ? name : `${name} ${format(value)}`
      if (values.length > 0) elements.push(svg('line', { x1: x, x2: x, y1: top, y2: top + PANEL_HEIGHT }))
      elements.push(svg('text', { x: LEFT, y: top - 8, class: name }, label))
      if (value !== undefined) elements.push(svg('circle', { cx: x, cy: y(panel, value), r: 4, class: name }))
      if (expected.length === 0) continue
      const expectedLabel = expectedValue === undefined ? 'schedule' : `schedule ${format(expectedValue)}`
      elements.push(
        svg('path', { d: `M${RIGHT - 158} ${top - 12}h20`, class: 'expected' }),
        svg('text', { x: RIGHT - 132, y: top - 8 }, expectedLabel),
      )
    }
    this.#marker.replaceChildren(...elements)
  }

  #draw(panel: Panel): SVGElement[] {
    const { name, values, expected, max, format } = panel
    const scale = [max, 0].flatMap((value) => [
      svg('path', { d: `M${LEFT} ${y(panel, value)}H${RIGHT}`, class: 'grid' }),
      svg('text', { x: RIGHT + 8, y: y(panel, value) + 4 }, format(value).replace(/ cells?/, '')),
    ])
    const curve = (points: readonly (number | undefined)[], className: string) => {
      const coordinates = points.flatMap((value, step) =>
        value === undefined ? [] : `${this.#x(step).toFixed(1)} ${y(panel, value).toFixed(1)}`,
      )
      return coordinates.length > 0 ? [svg('path', { d: `M${coordinates.join('L')}`, class: className })] : []
    }
    return [...scale, ...curve(expected, 'expected'), ...curve(values, `curve ${name}`)]
  }
}

function y({ top, max }: Panel, value: number): number {
  return top + PANEL_HEIGHT * (1 - value / max)
}

/** The smallest of 1, 2, 5, 10, 20, … that is at least `value`. */
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
