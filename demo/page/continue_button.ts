import { effect } from '@preact/signals-core'
import { isBegun } from './batch'
import { drawComparison } from './compare'
import { draw } from './draw'
import { element } from './element'
import { busy, shownBatch } from './state'

const button = element('continue', HTMLButtonElement)

/** The Continue button: draws the rest of what has stopped after its start, by the user or by a failure. */
export function startContinueButton(): void {
  button.addEventListener('click', () => {
    const batch = shownBatch.peek()
    if (batch.parts) drawComparison(batch)
    else draw(batch.drawing!.request, batch)
  })
  effect(() => {
    button.hidden = busy.value || !isBegun(shownBatch.value)
  })
}
