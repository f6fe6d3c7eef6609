import { effect } from '@preact/signals-core'
import { busy, latestFrame, shownBatch } from './state'

/** The title of the browser's tab: the progress of a drawing, and its end for who looks at another tab. */
export function startTabTitle(): void {
  const ownTitle = document.title
  let drawn = ''
  effect(() => {
    if (busy.value) drawn = drawingTitle() ?? drawn
    const isUnseen = !busy.value && document.hidden && drawn !== ''
    document.title = busy.value ? drawn || ownTitle : isUnseen ? `Done · ${shownBatch.value.title}` : ownTitle
    if (!busy.value) drawn = ''
  })
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && !busy.peek()) document.title = ownTitle
  })
}

/** “3/12 · panda, Noto”: steps, or the pictures of a comparison. Reads signals; undefined before the first step. */
function drawingTitle(): string | undefined {
  const { items, labels, title } = shownBatch.value
  const record = items.find((item) => item.record?.frames.includes(latestFrame.value!))?.record
  if (record === undefined) return undefined
  const finished = items.filter(({ picture }) => picture.value).length
  const [done, total] = labels
    ? [finished, items.length]
    : [latestFrame.value!.step, record.expectation.timesteps.length]
  return `${done}/${total} · ${title}`
}
