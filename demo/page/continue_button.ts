import { computed, effect } from '@preact/signals-core'
import { isFinished } from './batch'
import { draw } from './draw'
import { element } from './element'
import { busy, shownBatch } from './state'

const button = element('continue', HTMLButtonElement)

/** Whether a drawing has stopped after its start, by the user or by a failure. */
const canContinue = computed(() => {
  const { drawing } = shownBatch.value
  return !busy.value && drawing?.position !== undefined && !isFinished(shownBatch.value)
})

/** The Continue button: draws the rest of what is on the stage. */
export function startContinueButton(): void {
  button.addEventListener('click', () => {
    const batch = shownBatch.peek()
    draw(batch.drawing!.request, batch)
  })
  effect(() => {
    button.hidden = !canContinue.value
  })
}
