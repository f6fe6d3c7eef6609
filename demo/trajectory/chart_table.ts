import { percent } from '../format'
import { type Expectation, NUM_LATENT_PIXELS } from '../worker/protocol'
import type { Trajectory } from './trajectory'

/** The chart's numbers for whoever does not see it or wants to know exactly, folded away. */
export function chartTable({ moments }: Trajectory, expectation: Expectation | undefined, open: boolean): HTMLElement {
  const table = document.createElement('table')
  const head = table.createTHead().insertRow()
  for (const title of ['Step', 't', 'Masked', 'Schedule', 'Changed', 'Schedule']) {
    const cell = document.createElement('th')
    cell.scope = 'col'
    cell.textContent = title
    head.append(cell)
  }
  const body = table.createTBody()
  for (const { step, timestep, maskedShare, numChanged } of moments) {
    const [masked, changed] = [expectation?.masked[step], expectation?.changed[step - 1]]
    const row = body.insertRow()
    for (const text of [
      String(step),
      timestep < 0 ? 'clean' : String(timestep),
      percent(maskedShare),
      masked === undefined ? '–' : percent(masked),
      step === 0 ? '–' : String(numChanged),
      changed === undefined ? '–' : (changed * NUM_LATENT_PIXELS).toFixed(1),
    ]) {
      row.insertCell().textContent = text
    }
  }
  const summary = document.createElement('summary')
  summary.textContent = 'All numbers'
  const frame = document.createElement('div')
  frame.append(table)
  const details = document.createElement('details')
  details.open = open
  details.append(summary, frame)
  return details
}
