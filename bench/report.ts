import { barText, reaches } from './bars'
import { bars } from './ratios'
import { phases, type Report, type Result } from './results'

/** How tables are written. */
export type TableStyle = 'text' | 'markdown'
type Table = readonly (readonly string[])[]

/** All tables of a report: the machine, the bars, then a table a case. */
export function printReport(report: Report, style: TableStyle): string {
  const { machine, results } = report
  const { date, runtime, adapter, timed_by, cpu, cores, system } = machine
  const processor = [cpu && `${cores} × ${cpu}`, system].filter(Boolean).join(', ')
  const sections = [
    `${date} · ${runtime} · ${adapter} · timed by ${timed_by} · ${processor}`,
    table(barTable(report), style),
    "'any step': the work does not depend on t; measured in the middle of the chain, at t = 49 of 100.",
    ...[...groupBy(results, titleOf)].flatMap(([title, rows]) => [
      style === 'markdown' ? `### ${title}` : title,
      table(caseTable(rows), style),
      ...notesOf(rows),
    ]),
  ]
  return sections.join('\n\n')
}

function barTable({ ratios, notes, machine }: Report): Table {
  const rows = bars.map((bar) => {
    const value = ratios[bar.name] ?? null
    const binding = !(bar.gpuOnly && machine.software)
    const verdict =
      value === null
        ? ''
        : !bar.bar
          ? ''
          : !binding
            ? 'only a GPU is held to it'
            : reaches(bar, value)
              ? 'reached'
              : 'NOT REACHED'
    return [bar.what, barText(bar), value === null ? '–' : figure(value), verdict, notes[bar.name] ?? '']
  })
  return [['what', 'bar', 'measured', '', 'of'], ...rows]
}

/** A line a peer, a column a phase; medians with the tenths around them. */
function caseTable(rows: readonly Result[]): Table {
  const header = ['µs a step, median [p10 – p90]', 'runs on', ...phases]
  const lines = [...groupBy(rows, ({ peer }) => peer)].map(([peer, ofPeer]) => [
    peer,
    ofPeer[0]!.runs_on,
    ...phases.map((phase) => cell(ofPeer.find((row) => row.phase === phase))),
  ])
  return [header, ...lines]
}

function cell(row: Result | undefined): string {
  if (!row) return ''
  if (row.median_us === null) return 'no ¹'
  return `${microseconds(row.median_us)} [${microseconds(row.p10_us!)} – ${microseconds(row.p90_us!)}]`
}

function notesOf(rows: readonly Result[]): string[] {
  const reasons = rows.flatMap(({ peer, why_not }) => (why_not ? [`${peer}: ${why_not}`] : []))
  return reasons.length === 0 ? [] : [`¹ ${reasons.join('; ')}.`]
}

function titleOf({ B, C, N, layout, dtype, mode }: Result): string {
  return `B = ${B}, C = ${C}, N = ${N}, ${layout}, ${dtype}, ${mode}`
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

/** Three figures that count; thousands apart. */
function microseconds(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 1e-3))))
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 6 })
}

function table(rows: Table, style: TableStyle): string {
  if (style === 'markdown') {
    const [header = [], ...body] = rows.map((cells) => `| ${cells.join(' | ')} |`)
    return [header, `|${rows[0]!.map(() => ' --- |').join('')}`, ...body].join('\n')
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)))
  return rows
    .map((cells) =>
      cells
        .map((text, i) => text.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
