import * as Plot from '@observablehq/plot'
import { type Axis, type Curve, type Growth, growthAlong, type Point } from './growth'
import { rowNames } from './names'
import type { Report, Result } from './results'
import { baseSize, sizeText } from './sizes'

declare global {
  interface Window {
    drawPlots: typeof drawPlots
  }
}

/** Its own background: a page of either colour can show it. */
const paper = { background: '#ffffff', ink: '#1a1a1a' }
const style = { fontSize: '13px', fontFamily: 'system-ui, sans-serif', color: paper.ink, background: paper.background }
const colours: Record<string, string> = {
  'last step (all columns)': '#b3261e',
  'mean of 16 steps': '#b58900',
  'mean of 100 steps': '#1a56c4',
  'floor: read once': '#6b6b6b',
}

/** All plots of a report that its results are enough for, as SVG text by the plot's name. Called by scripts/bench_plots.mjs. */
function drawPlots(report: Report): Record<string, string> {
  const { results, machine } = report
  const place = `${machine.adapter}, ${machine.runtime}`
  const plots: Record<string, Plot.PlotOptions | undefined> = {
    'per-token-over-B': growthPlot('B', 'B, items of a batch', results, place),
    'per-token-over-N': growthPlot('N', 'N, latent pixels', results, place),
    'time-over-C': classesPlot(results, place),
    peers: peersPlot(results, place),
  }
  return Object.fromEntries(
    Object.entries(plots).flatMap(([name, options]) => (options ? [[name, svgText(Plot.plot(options))]] : [])),
  )
}

window.drawPlots = drawPlots

interface Mark extends Point {
  readonly name: string
  readonly layout: Result['layout']
}

const marksOf = (curves: readonly Curve[]): Mark[] =>
  curves.flatMap(({ name, layout, points }) => points.map((point) => ({ ...point, name, layout })))

/** Cost per token: flat where a larger batch or picture costs nothing extra. */
function growthPlot(
  axis: Axis,
  label: string,
  results: readonly Result[],
  place: string,
): Plot.PlotOptions | undefined {
  const growth = growthAlong(axis, results)
  if (!growth) return undefined
  const marks = marksOf(growth.curves).map((mark) => ({
    ...mark,
    ...{ median: mark.median / mark.tokens, p10: mark.p10 / mark.tokens, p90: mark.p90 / mark.tokens },
  }))
  return {
    ...frame(`Cost per token, ${growth.fixed}, f32, plain · ${place}`, marks),
    x: { type: 'log', base: 2, label, ticks: distinct(marks), tickFormat: 'd' },
    y: { type: 'log', label: 'µs a token', grid: true, tickFormat: '~g' },
  }
}

/** Linear axes: whatever reads its columns grows on a straight line. */
function classesPlot(results: readonly Result[], place: string): Plot.PlotOptions | undefined {
  const growth: Growth | undefined = growthAlong('C', results)
  if (!growth) return undefined
  const thousandths = marksOf(growth.curves).map((mark) => ({
    ...mark,
    ...{ median: mark.median / 1000, p10: mark.p10 / 1000, p90: mark.p90 / 1000 },
  }))
  return {
    ...frame(`Time of a step, ${growth.fixed}, f32, plain · ${place}`, thousandths),
    x: { label: 'C, classes', domain: [0, Math.max(...thousandths.map(({ x }) => x))] },
    y: { label: 'ms a step', grid: true, zero: true },
  }
}

function frame(title: string, marks: readonly Mark[]): Plot.PlotOptions {
  const shared = { x: 'x', stroke: (mark: Mark) => colours[mark.name], fx: 'layout' } as const
  return {
    ...{ width: 960, height: 400, marginTop: 60, marginLeft: 60, marginRight: 150, marginBottom: 45, insetLeft: 10 },
    style,
    fx: { label: null, padding: 0.35, domain: ['pixel-major', 'class-major'] },
    marks: [
      heading(title),
      Plot.ruleX(marks, { ...shared, y1: 'p10', y2: 'p90', strokeWidth: 3, strokeOpacity: 0.3 }),
      Plot.line(marks, { ...shared, y: 'median', z: 'name', strokeWidth: 2 }),
      Plot.dot(marks, { ...shared, y: 'median', fill: (mark: Mark) => colours[mark.name], r: 3 }),
      Plot.text(
        marks,
        Plot.selectLast({
          ...{ x: 'x', y: 'median', z: 'name', fx: 'layout', text: 'name', dx: 8, textAnchor: 'start' },
          fill: (mark: Mark) => colours[mark.name],
        }),
      ),
    ],
  }
}

/** Everybody at the base size, on a logarithmic axis: a chain's mean where work depends on t, else any step. */
function peersPlot(results: readonly Result[], place: string): Plot.PlotOptions | undefined {
  const { batchSize, numVecClasses, numLatentPixels } = baseSize
  const rows = results
    .filter(({ B, C, N }) => B === batchSize && C === numVecClasses && N === numLatentPixels)
    .filter(({ layout, dtype, mode }) => layout === 'pixel-major' && dtype === 'f32' && mode === 'plain')
    .filter(({ phase }) => phase === 'mean of a 100-step chain' || phase === 'any step')
    .flatMap(({ median_us, ...row }) => (median_us === null ? [] : [{ ...row, median_us }]))
    .sort((a, b) => a.median_us - b.median_us)
  if (rows.length < 2) return undefined
  const colour = ({ kind, peer }: Pick<Result, 'kind' | 'peer'>) =>
    peer === rowNames.ours ? '#1a56c4' : kind === 'floor' ? '#6b6b6b' : '#b58900'
  const y = { y: 'peer', sort: null } as const
  const left = Math.min(...rows.map(({ median_us }) => median_us)) / 2
  return {
    ...{ width: 960, height: 90 + 30 * rows.length, marginTop: 50, marginLeft: 270, marginRight: 90, marginBottom: 45 },
    style,
    x: { type: 'log', label: 'µs a step (chains: mean of 100 steps)', grid: true, tickFormat: '~s', nice: true },
    y: { label: null, domain: rows.map(({ peer }) => peer) },
    marks: [
      heading(`A step at ${sizeText(baseSize)}, pixel-major, f32, plain · ${place}`),
      Plot.ruleY(rows, { ...y, x1: left, x2: 'median_us', stroke: colour, strokeWidth: 2 }),
      Plot.dot(rows, { ...y, x: 'median_us', fill: colour, r: 5 }),
      Plot.text(rows, {
        ...{ ...y, x: 'median_us', dx: 10, textAnchor: 'start', fill: paper.ink },
        text: ({ median_us }: { median_us: number }) => Math.round(median_us).toLocaleString('en'),
      }),
    ],
  }
}

/** A title within the picture: Plot's own would stand outside of the SVG. */
function heading(text: string): Plot.Markish {
  return Plot.text([text], { frameAnchor: 'top-left', dy: -42, fontSize: 15, fontWeight: 600, lineAnchor: 'top' })
}

function distinct(marks: readonly Mark[]): number[] {
  return [...new Set(marks.map(({ x }) => x))]
}

function svgText(plot: SVGSVGElement | HTMLElement): string {
  const svg = plot instanceof SVGSVGElement ? plot : plot.querySelector('svg')!
  const background = document.createElementNS(svg.namespaceURI, 'rect')
  for (const [name, value] of Object.entries({ width: '100%', height: '100%', fill: paper.background }))
    background.setAttribute(name, value)
  svg.prepend(background)
  return new XMLSerializer().serializeToString(svg)
}
