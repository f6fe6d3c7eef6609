import { effect, batch as together, untracked } from '@preact/signals-core'
import { type PictureSettings, withoutCount } from '../picture/settings'
import type { Batch } from './batch'
import { fillForm, fillFormFor, readForm, seedLocked, seedSpent } from './form'
import { showIdleStatus, showMessage } from './messages'
import { addFinished, shownBatch, source, strength } from './state'

/** The form follows the stage: it holds what the picture there was drawn with, so that Vary and Repaint use that. */

/** Shows a batch that was on the stage before, with its words and settings in the form. */
export function showAgain(batch: Batch, selected: number | undefined): void {
  const isOther = batch !== shownBatch.peek()
  together(() => {
    batch.selected.value = selected
    if (isOther) addFinished(batch)
  })
  if (!isOther) return
  fillFormForStage()
  showIdleStatus(batch)
  showMessage('')
}

/** Fills the form with what the batch on the stage was drawn with. */
export function fillFormForStage(): void {
  const batch = shownBatch.peek()
  const settings = settingsOf(batch, batch.selected.peek())
  if (batch.form === undefined || settings === undefined) return
  source.value = batch.form.source
  strength.value = batch.form.strength
  fillFormFor(settings, batch.form.settings.count)
}

/** When another item of the batch is shown, the form gets what differs. Words that are typed stay, and so does a new seed. */
export function startFollowing(): void {
  let previous: { batch: Batch; settings: PictureSettings | undefined } | undefined
  effect(() => {
    const batch = shownBatch.value
    const index = batch.selected.value
    untracked(() => {
      const settings = settingsOf(batch, index)
      if (settings && previous?.batch === batch && previous.settings) fillChanges(previous.settings, settings)
      previous = { batch, settings }
    })
  })
}

/** What a picture of a batch was drawn with, or the batch. Any style stays any style, though each picture has one. */
function settingsOf({ items, form }: Batch, index: number | undefined): PictureSettings | undefined {
  const picture = index === undefined ? undefined : items[index]!.picture.peek()
  if (picture === undefined) return form && withoutCount(form.settings)
  return form?.settings.style === 'any' ? { ...picture.settings, style: 'any' } : picture.settings
}

function fillChanges(from: PictureSettings, to: PictureSettings): void {
  const changes = Object.entries(to).filter(([name, value]) => value !== from[name as keyof PictureSettings])
  const { seed, ...others } = Object.fromEntries(changes) as Partial<PictureSettings>
  const takesSeed = seed !== undefined && seedSpent.peek() && !seedLocked.peek()
  if (changes.length > 0) fillForm({ ...readForm(), ...others, ...(takesSeed && { seed }) })
}
