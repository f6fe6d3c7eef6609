import { effect } from '@preact/signals-core'
import { COMPARISONS, type ComparedPicture, comparedPictures } from '../compare/comparison'
import { formatCount, formatDuration } from '../format'
import { emptyMask } from '../picture/cells'
import { type PageSettings, readName } from '../picture/settings'
import { NUM_LATENT_PIXELS } from '../worker/protocol'
import { type Batch, BatchItem, createBatch } from './batch'
import { type Connection, connect, connection, fail } from './connection'
import { isRefused, showStopped } from './draw'
import { startDrawing } from './drawing'
import { textOf } from './drawing_request'
import { element } from './element'
import { livePreview, readForm } from './form'
import { keepPictures } from './kept_pictures'
import { announce, say, showProgress, showStatus } from './messages'
import { expectedDuration, measureStep } from './pace'
import { addFinished, brushing, busy, formSettings, latestFrame, mask, shownBatch, stopDrawing } from './state'

const choice = element('comparison', HTMLSelectElement)
const button = element('compare', HTMLButtonElement)
const estimate = element('compare-estimate', HTMLElement)

/** Draws the same seed with different settings, one picture after another, in one grid. */
export function startComparison(): void {
  for (const [value, label] of Object.entries(COMPARISONS)) choice.add(new Option(label, value))
  choice.addEventListener('change', showEstimate)
  button.addEventListener('click', () => compare())
  effect(() => {
    button.disabled = busy.value
  })
  effect(showEstimate)
}

function chosenPictures(form: PageSettings): ComparedPicture[] {
  return comparedPictures(readName(COMPARISONS, choice.value), form)
}

function showEstimate(): void {
  const pictures = chosenPictures(formSettings.value)
  const network = connection.value?.backend.network
  const total = pictures.reduce((sum, { settings }) => sum + expectedDuration(settings, network), 0)
  estimate.textContent = `${formatCount(pictures.length, 'picture')} with the words and the seed of the form, ${formatDuration(total)}.`
}

async function compare(): Promise<void> {
  if (busy.peek()) return
  const form = readForm()
  const pictures = chosenPictures(form)
  const name = `${form.prompt || 'Anything'}: ${COMPARISONS[readName(COMPARISONS, choice.value)]}`
  let isStopped = false
  busy.value = true
  brushing.value = false
  mask.value = emptyMask
  stopDrawing.value = () => {
    isStopped = true
  }
  try {
    const opened = await connect()
    if (isStopped) return showStopped()
    if (isRefused(pictures[0]!.settings, opened)) return
    stopDrawing.value = () => {
      isStopped = true
      opened.studio.stop()
    }
    showStatus('drawing')
    announce(`Drawing ${formatCount(pictures.length, 'picture')}. ${name}.`)
    const startTime = performance.now()
    let batch = plannedBatch(pictures, name)
    shownBatch.value = batch
    element('progress', HTMLElement).scrollIntoView({ block: 'nearest' })
    for (const [i, { settings }] of pictures.entries()) {
      batch = await drawInto(batch, i, settings, opened)
      if (isStopped) return showStopped()
    }
    addFinished(batch)
    // Without a thumbnail they are not kept.
    keepPictures(batch).catch(() => {})
    const total = formatDuration(performance.now() - startTime)
    showProgress(1, `${formatCount(pictures.length, 'picture')} in ${total}.`)
    showStatus('done')
    announce(`Done: ${name}.`)
  } catch (error) {
    if ((error as Error).name === 'AbortError') showStopped()
    else fail(error as Error)
  } finally {
    busy.value = false
    stopDrawing.value = undefined
  }
}

/** A grid of pictures that are not drawn yet. */
function plannedBatch(pictures: ComparedPicture[], title: string): Batch {
  const labels = pictures.map(({ label }) => label)
  return {
    ...createBatch(
      pictures.map(() => new BatchItem(undefined, new Float32Array(NUM_LATENT_PIXELS).fill(1))),
      title,
    ),
    labels,
  }
}

/** Draws picture `index` of a comparison. The batch that it returns is the same but for this item. */
async function drawInto(batch: Batch, index: number, settings: PageSettings, opened: Connection): Promise<Batch> {
  const request = { settings, start: { kind: 'noise' } } as const
  const expectation = await opened.studio.expectation(settings)
  const steps = expectation.timesteps.length
  const count = batch.items.length
  const { batch: drawn, finished } = startDrawing(opened, request, {
    text: textOf(request, opened.tokenizer),
    expectation,
    livePreview: livePreview(),
    onFrame(frame) {
      latestFrame.value = frame
      const milliseconds = frame.networkMilliseconds + frame.engineMilliseconds
      if (frame.step > 0) measureStep(settings, expectation.timesteps[frame.step - 1]!, milliseconds)
      const share = (index + frame.step / steps) / count
      showProgress(share, `picture ${index + 1} of ${count} · step ${Math.max(1, frame.step)} of ${steps}`)
    },
    onRecovered: (step) => say(`The graphics device was lost and is here again. Going on from step ${step}.`),
  })
  const next = { ...batch, items: batch.items.with(index, drawn.items[0]!) }
  shownBatch.value = next
  await finished
  return next
}
