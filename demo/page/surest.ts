import { computed, effect } from '@preact/signals-core'
import type { Picture } from '../picture/picture'
import { type Batch, createBatch, isFinished } from './batch'
import { connect, fail } from './connection'
import { encode } from './drawing_request'
import { element } from './element'
import { focusTile } from './grid'
import { announce, say, showProgress, showStatus } from './messages'
import { model } from './model'
import { addFinished, busy, shownBatch, stopDrawing } from './state'

const button = element('surest', HTMLButtonElement)

/** Batches that are in this order already. */
const sorted = new WeakSet<Batch>()

/** The pictures of the grid if they can be compared: finished, and all of the same words. */
const compared = computed<Picture[]>(() => {
  const batch = shownBatch.value
  const { items, selected, labels } = batch
  if (!model.value.isStickers || busy.value || selected.value !== undefined || items.length < 2 || sorted.has(batch))
    return []
  // Those of a comparison stay where their settings belong.
  if (labels || !isFinished(batch)) return []
  const pictures = items.map((item) => item.picture.value!)
  const isSame = ({ settings }: Picture) => settings.prompt === pictures[0]!.settings.prompt
  return pictures.every(isSame) ? pictures : []
})

/** The button that puts the pictures first of which the network is surest that they show the words. */
export function startSurest(): void {
  effect(() => {
    button.hidden = compared.value.length === 0
  })
  button.addEventListener('click', () => sortBySureness().catch(fail))
}

async function sortBySureness(): Promise<void> {
  const pictures = compared.peek()
  const batch = shownBatch.peek()
  let isStopped = false
  busy.value = true
  stopDrawing.value = () => {
    isStopped = true
  }
  showStatus('drawing')
  announce('Comparing the pictures.')
  try {
    const { studio, failure, tokenizer } = await connect()
    const scores = new Map<unknown, number>()
    for (const [i, { tokens, settings }] of pictures.entries()) {
      showProgress(i / pictures.length, `comparing picture ${i + 1} of ${pictures.length}`)
      scores.set(batch.items[i], await Promise.race([failure, studio.score(tokens, encode(settings, tokenizer!))]))
      if (isStopped) break
    }
    if (isStopped) say('Stopped. The order is as before.')
    else {
      const items = batch.items.toSorted((a, b) => scores.get(b)! - scores.get(a)!)
      const best = createBatch(items, `${batch.title}, surest first`, batch.form)
      sorted.add(best)
      addFinished(best)
      focusTile(0)
      showProgress(1, '')
      say('The first is the one that the model is surest of.')
    }
    showStatus('done')
  } finally {
    busy.value = false
    stopDrawing.value = undefined
  }
}
