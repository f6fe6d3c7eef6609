import { formatPercent } from '../format'
import { sizeOf } from '../model/model'
import type { Expectation } from '../worker/protocol'
import type { Trajectory } from './trajectory'

/** The chart's numbers as a collapsed table. */
export function chartTable(
  { snapshots, grid }: Trajectory,
  expectation: Expectation | undefined,
  open: boolean,
): HTMLElement {
  const table = document.createElement('table')
  const head = table.createTHead().insertRow()
  for (const title of ['Step', 't', 'Masked', 'Schedule', 'Changed', 'Schedule']) {
    const cell = document.createElement('th')
    cell.scope = 'col'
    cell.textContent = title
    head.append(cell)
  }
  const body = table.createTBody()
  for (const { step, timestep, maskedShare, numChanged } of snapshots) {
    const [masked, changed] = [expectation?.masked[step], expectation?.changed[step - 1]]
    const row = body.insertRow()
    for (const text of [
      String(step),
      timestep < 0 ? 'clean' : String(timestep),
      formatPercent(maskedShare),
      masked === undefined ? '–' : formatPercent(masked),
      step === 0 ? '–' : String(numChanged),
      changed === undefined ? '–' : (changed * sizeOf(grid)).toFixed(1),
    ]) {
      row.insertCell().textContent = text
    }
  }
  const summary = document.createElement('summary')
  summary.textContent = 'All numbers'
  const scrollArea = document.createElement('div')
  scrollArea.append(table)
  const details = document.createElement('details')
  details.open = open
  details.append(summary, scrollArea)
  return details
}
