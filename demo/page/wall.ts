import { effect, untracked } from '@preact/signals-core'
import { fetchWall } from '../wall/wall'
import { BatchItem, createBatch } from './batch'
import { connection } from './connection'
import { fillFormFor } from './form'
import { History } from './history'
import { showMessage } from './messages'
import { busy, emptyBatch, history, selectedItem, shownBatch } from './state'

/**
 * Fills the empty stage with stickers that the model has drawn before: they need no network. Opened, one shows its words,
 * its settings and its steps.
 */
export async function startWall(): Promise<void> {
  const { pictures, bitmaps, frames, expectation } = await fetchWall(new URL('wall/', document.baseURI).href)
  // Something has been asked for meanwhile.
  if (busy.peek() || shownBatch.peek() !== emptyBatch) return
  const items = pictures.map(
    (picture, index) =>
      new BatchItem({ picture, bitmap: bitmaps[index]! }, undefined, {
        frames,
        index,
        expectation,
        isExplainable: true,
      }),
  )
  const wall = createBatch(items, 'Drawn by this model')
  shownBatch.value = wall
  history.value = new History(wall)

  const exact = new Set<BatchItem>()
  effect(() => {
    const item = selectedItem.value
    if (shownBatch.value !== wall || item === undefined) return
    const { settings, tokens } = item.picture.value!
    untracked(() => fillFormFor(settings, 1))
    const opened = connection.value
    if (opened === undefined) return
    const { steps, guidance, truncation, seed } = settings
    showMessage(`${steps} steps · guidance ${guidance} · truncation ${truncation} · seed ${seed}`)
    if (exact.has(item)) return
    exact.add(item)
    // The pixels so far come from a compressed image. If the decoder fails, they stay.
    opened.studio.decode([tokens]).then(
      ([bitmap]) => {
        item.bitmap.value = bitmap
      },
      () => {},
    )
  })
}
