import * as Plot from '@observablehq/plot'
import { type Axis, type Growth, growthAlong, type Point } from './growth'
import { rowNames } from './names'
import type { Report, Result } from './results'
import { headRoom, paper, sheet } from './sheet'
import { baseSize, sizeText } from './sizes'

declare global {
  interface Window {
    drawPlots: typeof drawPlots
  }
}

const curveColours: Readonly<Record<string, string>> = {
  'last step (all columns)': '#b3261e',
  'mean of 16 steps': '#b58900',
  'mean of 100 steps': '#1a56c4',
  'floor: read once': paper.quiet,
}
const peerColours = { ours: '#1a56c4', 'without us': '#b58900', floor: paper.quiet }

/** A plot, with what stands above it. */
interface Drawing {
  readonly title: string
  readonly legend: Readonly<Record<string, string>>
  readonly options: Plot.PlotOptions
}

/** All plots of a report that its results are enough for, as SVG text by name. Called by scripts/bench_plots.mjs. */
function drawPlots({ results, machine }: Report): Record<string, string> {
  const drawings: Record<string, Drawing | undefined> = {
    'per-token-over-B': perTokenPlot('B', 'B, items of a batch', growthAlong('B', results)),
    'per-token-over-N': perTokenPlot('N', 'N, latent pixels', growthAlong('N', results)),
    'time-over-C': classesPlot(growthAlong('C', results)),
    peers: peersPlot(results),
  }
  const place = `${machine.date} · ${machine.runtime} · ${machine.adapter}`
  return Object.fromEntries(
    Object.entries(drawings).flatMap(([name, drawing]) =>
      drawing ? [[name, sheet(Plot.plot(drawing.options), { place, ...drawing })]] : [],
    ),
  )
}

window.drawPlots = drawPlots

interface Mark extends Point {
  readonly name: string
  readonly layout: Result['layout']
}

/** The points of all curves, their times divided. */
function marksOf({ curves }: Growth, divisor: (point: Point) => number): Mark[] {
  return curves.flatMap(({ name, layout, points }) =>
    points.map((point) => {
      const by = divisor(point)
      return { ...point, name, layout, median: point.median / by, p10: point.p10 / by, p90: point.p90 / by }
    }),
  )
}

/** Flat where a larger batch or picture costs nothing extra. */
function perTokenPlot(axis: Axis, label: string, growth: Growth | undefined): Drawing | undefined {
  if (!growth) return undefined
  const marks = marksOf(growth, ({ tokens }) => tokens)
  const ticks = [...new Set(marks.map(({ x }) => x))]
  return {
    ...{ title: `µs a token over ${axis}: ${growth.fixed}, f32, plain`, legend: curveColours },
    options: {
      ...curvesOptions(marks),
      x: { type: 'log', base: 2, label, ticks, tickFormat: 'd' },
      y: { type: 'log', label: null, grid: true, ticks: 5, tickFormat: '~g' },
    },
  }
}

/** Linear axes: whatever reads its columns grows on a straight line. */
function classesPlot(growth: Growth | undefined): Drawing | undefined {
  if (!growth) return undefined
  const marks = marksOf(growth, () => 1000)
  return {
    ...{ title: `ms a step over C: ${growth.fixed}, f32, plain`, legend: curveColours },
    options: {
      ...curvesOptions(marks),
      x: { label: 'C, classes', domain: [0, Math.max(...marks.map(({ x }) => x))] },
      y: { label: null, grid: true, zero: true },
    },
  }
}

function curvesOptions(marks: readonly Mark[]): Plot.PlotOptions {
  const colour = ({ name }: Mark) => curveColours[name]
  const shared = { x: 'x', stroke: colour, fx: 'layout' } as const
  return {
    ...{ ...sheetOptions, height: 400, marginLeft: 60, marginRight: 30, insetLeft: 10 },
    fx: { label: null, padding: 0.12, domain: ['pixel-major', 'class-major'] },
    marks: [
      Plot.ruleX(marks, { ...shared, y1: 'p10', y2: 'p90', strokeWidth: 3, strokeOpacity: 0.3 }),
      Plot.line(marks, { ...shared, y: 'median', z: 'name', strokeWidth: 2 }),
      Plot.dot(marks, { ...shared, y: 'median', fill: colour, r: 3 }),
    ],
  }
}

/** Everybody at the base size, on a logarithmic axis: a chain's mean where work depends on t, else any step. */
function peersPlot(results: readonly Result[]): Drawing | undefined {
  const { batchSize, numVecClasses, numLatentPixels } = baseSize
  const rows = results
    .filter(({ B, C, N }) => B === batchSize && C === numVecClasses && N === numLatentPixels)
    .filter(({ layout, dtype, mode }) => layout === 'pixel-major' && dtype === 'f32' && mode === 'plain')
    .filter(({ phase }) => phase === 'mean of a 100-step chain' || phase === 'any step')
    .flatMap(({ median_us, ...row }) => (median_us === null ? [] : [{ ...row, median_us }]))
    .sort((a, b) => a.median_us - b.median_us)
  if (rows.length < 2) return undefined
  const colour = ({ kind, peer }: Pick<Result, 'kind' | 'peer'>) =>
    kind === 'floor'
      ? peerColours.floor
      : peerColours[kind === 'ours' || peer === rowNames.twin ? 'ours' : 'without us']
  const begin = Math.min(...rows.map(({ median_us }) => median_us)) / 2
  return {
    ...{ title: `A step at ${sizeText(baseSize)}, pixel-major, f32, plain`, legend: peerColours },
    options: {
      ...{ ...sheetOptions, height: headRoom + 50 + 30 * rows.length, marginLeft: 310, marginRight: 90 },
      x: { type: 'log', label: 'µs a step (chains: mean of 100 steps)', grid: true, ticks: 6, tickFormat: '~s' },
      y: { label: null, domain: rows.map(({ peer }) => peer) },
      marks: [
        Plot.ruleY(rows, { y: 'peer', x1: begin, x2: 'median_us', stroke: colour, strokeWidth: 2 }),
        Plot.dot(rows, { y: 'peer', x: 'median_us', fill: colour, r: 5 }),
        Plot.text(rows, {
          ...{ y: 'peer', x: 'median_us', dx: 10, textAnchor: 'start', fill: paper.ink },
          text: ({ median_us }: { median_us: number }) => Math.round(median_us).toLocaleString('en'),
        }),
      ],
    },
  }
}

const sheetOptions: Plot.PlotOptions = {
  ...{ width: 960, marginTop: headRoom, marginBottom: 45 },
  style: { fontSize: '13px', fontFamily: paper.font, color: paper.ink, background: paper.background },
}
