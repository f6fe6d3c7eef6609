import { rowNames } from './names'
import type { Phase, Result } from './results'

export type Axis = 'B' | 'C' | 'N'

/** One point of a growth curve. */
export interface Point {
  /** Of the axis. */
  readonly x: number
  readonly median: number
  readonly p10: number
  readonly p90: number
  /** Latent pixels of the whole batch. */
  readonly tokens: number
}

export interface Curve {
  readonly name: string
  readonly layout: Result['layout']
  readonly points: readonly Point[]
}

/** What grows along one axis while the two others stay. */
export interface Growth {
  /** The two that stay, in words. */
  readonly fixed: string
  readonly curves: readonly Curve[]
}

const series: readonly { name: string; peer: string; phase: Phase }[] = [
  { name: 'last step (all columns)', peer: rowNames.ours, phase: 'last step' },
  { name: 'mean of 16 steps', peer: rowNames.ours, phase: 'mean of a 16-step chain' },
  { name: 'mean of 100 steps', peer: rowNames.ours, phase: 'mean of a 100-step chain' },
  { name: 'floor: read once', peer: rowNames.readOnce, phase: 'any step' },
]

/** The longest series of sizes along an axis, f32 and plain; undefined if no two sizes differ in it alone. */
export function growthAlong(axis: Axis, results: readonly Result[]): Growth | undefined {
  const others = (['B', 'C', 'N'] as const).filter((name) => name !== axis)
  const fixedOf = (row: Result) => others.map((name) => `${name} = ${row[name]}`).join(', ')
  const rows = results.filter(({ dtype, mode, median_us }) => dtype === 'f32' && mode === 'plain' && median_us !== null)
  const sizes = new Map<string, Set<number>>()
  for (const row of rows) sizes.set(fixedOf(row), (sizes.get(fixedOf(row)) ?? new Set()).add(row[axis]))
  const [fixed, longest] = [...sizes].reduce((a, b) => (b[1].size > a[1].size ? b : a), ['', new Set<number>()])
  if (longest.size < 2) return undefined
  const curves = (['pixel-major', 'class-major'] as const).flatMap((layout) =>
    series.map(({ name, peer, phase }) => ({
      ...{ name, layout },
      points: rows
        .filter((row) => fixedOf(row) === fixed && row.layout === layout && row.peer === peer && row.phase === phase)
        .map((row) => ({
          ...{ x: row[axis], median: row.median_us!, p10: row.p10_us!, p90: row.p90_us! },
          tokens: row.B * row.N,
        }))
        .sort((a, b) => a.x - b.x),
    })),
  )
  return { fixed, curves: curves.filter(({ points }) => points.length > 0) }
}
