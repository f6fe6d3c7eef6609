import { formatCount, formatMilliseconds, formatPercent } from '../format'
import { countCells, emptyMask } from '../picture/cells'
import { drawsNothing, leastStrength, type PageSettings, writeSettings } from '../picture/settings'
import { titleOf } from '../picture/titles'
import { saysSomething } from '../picture/words'
import type { DrawingResult, Frame } from '../worker/protocol'
import { refusePrompt } from './completion'
import { type Connection, connect, connection, fail } from './connection'
import { startDrawing } from './drawing'
import { type DrawingRequest, type Start, startPicture, textOf } from './drawing_request'
import { element } from './element'
import { livePreview, readForm } from './form'
import { announce, say, sayError, showProgress, showStatus } from './messages'
import {
  addFinished,
  brushing,
  busy,
  lastResult,
  latestFrame,
  mask,
  selectedItem,
  shownBatch,
  source,
  stopDrawing,
  strength,
} from './state'

/** The request that is being drawn. A stopped request may still be waiting for the worker. */
let activeRequest: DrawingRequest | undefined

/** Draws with the settings of the form: the marked cells if the brush is active, else from the source or from noise. */
export async function drawFromForm(): Promise<boolean> {
  if (brushing.peek() && countCells(mask.peek()) === 0) {
    sayError('Brush over some cells first, or put the brush away.')
    return false
  }
  return draw({ settings: readForm(), start: readStart() })
}

function readStart(): Start {
  const item = selectedItem.peek()
  const finished = item?.picture.peek()
  if (brushing.peek() && finished) {
    const picture = startPicture(finished, item!.bitmap.peek()!)
    return { kind: 'cells', picture, mask: mask.peek() }
  }
  const picture = source.peek()
  return picture ? { kind: 'picture', picture, strength: strength.peek() } : { kind: 'noise' }
}

/**
 * Draws a request and shows it on the stage. Does nothing while another is drawn.
 *
 * @returns whether the pictures were finished
 */
export async function draw(request: DrawingRequest): Promise<boolean> {
  if (busy.peek()) return false
  const { settings, start } = request
  if (start.kind === 'picture' && drawsNothing(start.strength, settings)) {
    sayError(
      `At ${formatPercent(start.strength)} nothing is drawn in ${formatCount(settings.steps, 'step')}. ` +
        `Choose at least ${formatPercent(leastStrength(settings))}, or more steps.`,
    )
    return false
  }
  if (connection.peek() && isRefused(settings, connection.peek()!)) return false
  const isActive = () => activeRequest === request
  const end = () => {
    activeRequest = undefined
    busy.value = false
    stopDrawing.value = undefined
  }
  activeRequest = request
  busy.value = true
  brushing.value = false
  if (start.kind !== 'cells') mask.value = emptyMask
  // Written first, so that a reload keeps the settings. Drops the fragment with the previous picture's tokens.
  window.history.replaceState(null, '', `?${writeSettings(new URLSearchParams(location.search), settings)}`)
  // Otherwise `connect` shows 'loading'.
  if (connection.peek()) showStatus('drawing')
  // The worker would not know what to stop yet.
  stopDrawing.value = () => {
    end()
    if (connection.peek()) showStopped()
  }
  try {
    const opened = await connect()
    if (!isActive()) return false
    if (isRefused(settings, opened)) return false
    const startStrength = start.kind === 'picture' ? start.strength : undefined
    const expectation = await opened.studio.expectation(settings, startStrength)
    if (!isActive()) return false
    const steps = expectation.timesteps.length
    const startTime = performance.now()
    const { batch, finished } = startDrawing(opened, request, {
      text: textOf(request, opened.tokenizer),
      expectation,
      livePreview: livePreview(),
      onFrame: (frame) => showFrame(frame, steps),
      onRecovered: (step) => say(`The graphics device was lost and is here again. Going on from step ${step}.`),
    })
    stopDrawing.value = () => opened.studio.stop()
    shownBatch.value = batch
    showProgress(0, `step 1 of ${steps}`)
    showStatus('drawing')
    announce(`Drawing ${nameOf(settings)}${start.kind === 'cells' ? ', only the marked cells' : ''}.`)
    element('progress', HTMLElement).scrollIntoView({ block: 'nearest' })
    const result = await finished
    addFinished(batch)
    lastResult.value = result
    showDone(settings, steps, result, performance.now() - startTime)
    return true
  } catch (error) {
    if ((error as Error).name === 'AbortError') showStopped()
    else fail(error as Error)
    return false
  } finally {
    if (isActive()) end()
  }
}

/** Whether the model knows no word of the prompt, and says so. */
function isRefused({ prompt }: PageSettings, { tokenizer }: Connection): boolean {
  if (saysSomething(prompt, tokenizer)) return false
  refusePrompt(prompt, tokenizer)
  return true
}

function showStopped(): void {
  showStatus('stopped')
  announce('Stopped.')
}

function showFrame(frame: Frame, steps: number): void {
  latestFrame.value = frame
  if (frame.step === 0) return
  const milliseconds = frame.networkMilliseconds + frame.engineMilliseconds
  showProgress(frame.step / steps, `step ${frame.step} of ${steps} · ${formatMilliseconds(milliseconds)} a step`)
  if (steps > 3 && frame.step === Math.floor(steps / 2)) announce('Half way.')
}

function showDone(settings: PageSettings, steps: number, { milliseconds }: DrawingResult, total: number): void {
  const perStep = (milliseconds.network + milliseconds.engine) / Math.max(1, steps)
  const parts = [
    formatCount(steps, 'step'),
    `${formatMilliseconds(perStep)} a step`,
    `${formatMilliseconds(total)} in all`,
  ]
  showProgress(1, parts.join(' · '))
  showStatus('done')
  announce(`Done: ${nameOf(settings)}.`)
}

function nameOf(settings: PageSettings): string {
  return settings.count > 1 ? `${settings.count} pictures of ${titleOf(settings)}` : titleOf(settings)
}
