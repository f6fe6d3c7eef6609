import { type Bar, bars } from './ratios'
import { phases, type Report, type Result } from './results'

type Table = readonly (readonly string[])[]

/** All tables of a report in Markdown: the bars, then one per case. */
export function printReport(report: Report): string {
  const { date, runtime, adapter, timed_by, cpu, cores, system } = report.machine
  const processor = [cpu && `${cores} × ${cpu}`, system].filter(Boolean).join(', ')
  return [
    `${date} · ${runtime} · ${adapter} · timed by ${timed_by} · ${processor}`,
    table(barTable(report)),
    "'any step': the work does not depend on t; measured in the middle of the chain, at t = 49 of 100.",
    ...[...groupBy(report.results, titleOf)].flatMap(([title, rows]) => [
      title,
      table(caseTable(rows)),
      ...reasonsOf(rows),
    ]),
  ].join('\n\n')
}

function titleOf({ B, C, N, layout, dtype, mode }: Result): string {
  return `### B = ${B}, C = ${C}, N = ${N}, ${layout}, ${dtype}, ${mode}`
}

function barTable({ ratios, notes, machine }: Report): Table {
  const lines = bars.map((bar) => {
    const value = ratios[bar.name] ?? null
    const verdict = value === null ? '' : bar.gpuOnly && machine.software ? 'binds only a GPU' : verdictOf(bar, value)
    const measured = value === null ? '–' : numberText(value)
    return [bar.what, barText(bar), measured, verdict, notes[bar.name]!]
  })
  return [['what', 'bar', 'measured', '', 'of'], ...lines]
}

function barText({ atMost, atLeast }: Bar): string {
  if (atMost !== undefined) return `≤ ${atMost}`
  return atLeast === undefined ? '' : `≥ ${atLeast}`
}

function verdictOf({ atMost, atLeast }: Bar, value: number): string {
  if (atMost === undefined && atLeast === undefined) return ''
  return value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity) ? 'reached' : 'NOT REACHED'
}

/** A line per peer, a column per phase; medians with the tenths around them. */
function caseTable(results: readonly Result[]): Table {
  const lines = [...groupBy(results, ({ peer }) => peer)].map(([peer, ofPeer]) => [
    peer,
    ofPeer[0]!.runs_on,
    ...phases.map((phase) => cell(ofPeer.find((row) => row.phase === phase))),
  ])
  return [['µs a step, median [p10 – p90]', 'runs on', ...phases], ...lines]
}

function cell(row: Result | undefined): string {
  if (!row) return ''
  if (row.median_us === null) return 'no ¹'
  return `${numberText(row.median_us)} [${numberText(row.p10_us!)} – ${numberText(row.p90_us!)}]`
}

function reasonsOf(rows: readonly Result[]): string[] {
  const reasons = rows.flatMap(({ peer, why_not }) => (why_not === undefined ? [] : `${peer}: ${why_not}`))
  return reasons.length === 0 ? [] : [`¹ ${reasons.join('; ')}.`]
}

/** In the order of the first item of each group. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function numberText(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

function table([header = [], ...lines]: Table): string {
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)))
  const rule = widths.map((width) => '-'.repeat(width))
  return [header, rule, ...lines]
    .map((line) => `| ${line.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`)
    .join('\n')
}
