import { effect } from '@preact/signals-core'
import { COMPARISONS, type ComparedPicture, comparedPictures } from '../compare/comparison'
import { formatCount, formatDuration } from '../format'
import { emptyMask } from '../picture/cells'
import { type PageSettings, readName } from '../picture/settings'
import { subjectOf } from '../picture/titles'
import { type Batch, createBatch, isBegun, isFinished } from './batch'
import { type Connection, connect, connection, fail } from './connection'
import { isRefused, sayRecovered, showStopped } from './draw'
import { keepStopped, planDrawing, runDrawing } from './drawing'
import { element } from './element'
import { livePreview, readForm } from './form'
import { keepPictures } from './kept_pictures'
import { announce, showMessage, showProgress, showStatus } from './messages'
import { model } from './model'
import { expectedDuration, measureStep } from './pace'
import { addFinished, brushing, busy, formSettings, latestFrame, mask, shownBatch, stopDrawing } from './state'

const choice = element('comparison', HTMLSelectElement)
const button = element('compare', HTMLButtonElement)
const estimate = element('compare-estimate', HTMLElement)

/** Draws the same seed with different settings, one picture after another, in one grid. */
export function startComparison(): void {
  effect(() => {
    const { isStickers } = model.value
    const names = Object.entries(COMPARISONS).filter(([name]) => isStickers || name !== 'style')
    choice.replaceChildren(...names.map(([value, label]) => new Option(label, value)))
  })
  choice.addEventListener('change', showEstimate)
  button.addEventListener('click', compare)
  effect(() => {
    button.disabled = busy.value
  })
  effect(showEstimate)
}

function chosenPictures(form: PageSettings): ComparedPicture[] {
  return comparedPictures(readName(COMPARISONS, choice.value), form, model.value)
}

function showEstimate(): void {
  const pictures = chosenPictures(formSettings.value)
  const network = connection.value?.backend.network
  const total = pictures.reduce((sum, { settings }) => sum + expectedDuration(settings, network), 0)
  estimate.textContent = `${formatCount(pictures.length, 'picture')} with the words and the seed of the form, ${formatDuration(total)}.`
}

function compare(): void {
  const form = readForm()
  const title = `${subjectOf(form)}: ${COMPARISONS[readName(COMPARISONS, choice.value)]}`
  const pictures = chosenPictures(form)
  draw((opened) => plannedBatch(pictures, title, opened))
}

/** Draws what is left of a comparison that was stopped. */
export function drawComparison(stopped: Batch): void {
  draw(async () => stopped)
}

/** @param plan gives the comparison; undefined if it is refused */
async function draw(plan: (opened: Connection) => Promise<Batch | undefined>): Promise<void> {
  if (busy.peek()) return
  const stop = new AbortController()
  busy.value = true
  brushing.value = false
  mask.value = emptyMask(model.peek().grid)
  stopDrawing.value = () => stop.abort()
  try {
    const opened = await connect()
    const batch = await plan(opened)
    stop.signal.throwIfAborted()
    if (batch === undefined) return
    stop.signal.addEventListener('abort', () => opened.studio.stop())
    const { title } = batch
    const parts = batch.parts!
    const count = formatCount(parts.length, 'picture')
    showStatus('drawing')
    announce(`Drawing ${count}. ${title}.`)
    const startTime = performance.now()
    shownBatch.value = batch
    element('progress', HTMLElement).scrollIntoView({ block: 'nearest' })
    try {
      for (const [i, part] of parts.entries()) {
        if (isFinished(part)) continue
        stop.signal.throwIfAborted()
        await drawPart(part, i, parts.length, opened)
      }
    } catch (error) {
      if ((error as Error).name === 'AbortError') keepWhatIsDrawn(opened, batch)
      throw error
    } finally {
      // Without a thumbnail they are not kept.
      keepPictures(parts.filter(isFinished).flatMap(({ items }) => items)).catch(() => {})
    }
    addFinished(batch)
    showProgress(1, `${count} in ${formatDuration(performance.now() - startTime)}.`)
    showStatus('done')
    announce(`Done: ${title}.`)
  } catch (error) {
    if ((error as Error).name === 'AbortError') showStopped()
    else fail(error as Error)
  } finally {
    busy.value = false
    stopDrawing.value = undefined
  }
}

/** A grid of pictures that are not drawn yet. */
async function plannedBatch(
  pictures: ComparedPicture[],
  title: string,
  opened: Connection,
): Promise<Batch | undefined> {
  if (isRefused(pictures[0]!.settings, opened)) return undefined
  const parts = await Promise.all(
    pictures.map(async ({ settings }) => {
      const expectation = await opened.studio.expectation(settings)
      return planDrawing({ settings, start: { kind: 'noise' } }, { expectation, livePreview: livePreview() })
    }),
  )
  const items = parts.flatMap(({ items }) => items)
  return { ...createBatch(items, title), labels: pictures.map(({ label }) => label), parts }
}

/** Draws one picture of a comparison. */
async function drawPart(part: Batch, index: number, count: number, opened: Connection): Promise<void> {
  const { request, expectation } = part.drawing!
  const { timesteps } = expectation
  const steps = timesteps.length
  await runDrawing(opened, part, {
    onFrame(frame) {
      latestFrame.value = frame
      const milliseconds = frame.networkMilliseconds + frame.engineMilliseconds
      if (frame.step > 0) measureStep(request.settings, timesteps[frame.step - 1]!, milliseconds)
      const share = (index + frame.step / steps) / count
      showProgress(share, `picture ${index + 1} of ${count} · step ${Math.max(1, frame.step)} of ${steps}`)
    },
    onRecovered: sayRecovered,
  })
}

/** A comparison that was stopped after its start can be saved, continued, and undone like any other. */
function keepWhatIsDrawn(opened: Connection, batch: Batch): void {
  if (!isBegun(batch)) return
  addFinished(batch)
  const parts = batch.parts!
  const stopped = parts.find((part) => !isFinished(part))!
  showMessage(`Stopped. ${parts.filter(isFinished).length} of ${formatCount(parts.length, 'picture')} are drawn.`)
  // If the worker fails meanwhile, `fail` shows the error.
  if ((stopped.drawing!.position?.step ?? 0) > 0) keepStopped(opened, stopped).catch(() => {})
}
