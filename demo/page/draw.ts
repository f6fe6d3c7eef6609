import { formatCount, formatMilliseconds, formatPercent } from '../format'
import { countCells, emptyMask } from '../picture/cells'
import { drawsNothing, leastStrength, type PageSettings, writeSettings } from '../picture/settings'
import { titleOf } from '../picture/titles'
import { saysSomething } from '../picture/words'
import type { DrawingResult } from '../worker/protocol'
import type { Batch } from './batch'
import { markDrawn, writeAddress } from './browser_history'
import { refusePrompt } from './completion'
import { type Connection, connect, connection, fail } from './connection'
import { keepStopped, planDrawing, runDrawing } from './drawing'
import { type DrawingRequest, type Start, startPicture } from './drawing_request'
import { element } from './element'
import { livePreview, seedSpent, takeForm } from './form'
import { keepPictures } from './kept_pictures'
import { announce, say, sayError, showMessage, showProgress, showStatus } from './messages'
import { model } from './model'
import { expectedSteps, measureStep } from './pace'
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
  waitingForModel,
} from './state'
import { StepProgress } from './step_progress'

/** The request that is being drawn. A stopped request may still be waiting for the worker. */
let activeRequest: DrawingRequest | undefined

/** Draws with the settings of the form, from its source or from noise. */
export function drawFromForm(): Promise<boolean> {
  const picture = source.peek()
  const start: Start = picture ? { kind: 'picture', picture, strength: strength.peek() } : { kind: 'noise' }
  return drawFrom(start)
}

/** Draws the marked cells of the picture on the stage again, with the settings of the form. */
export async function repaint(): Promise<boolean> {
  if (countCells(mask.peek()) === 0) {
    sayError('Brush over some cells first, or put the brush away.')
    return false
  }
  const { picture, bitmap } = selectedItem.peek()!
  return drawFrom({ kind: 'cells', picture: startPicture(picture.peek()!, bitmap.peek()!), mask: mask.peek() })
}

async function drawFrom(start: Start): Promise<boolean> {
  return !busy.peek() && draw({ settings: takeForm(), start })
}

/**
 * Draws a request and shows it on the stage. Does nothing while another is drawn.
 *
 * @param stopped the batch of the request, to draw the rest of it
 * @returns whether the pictures were finished
 */
export async function draw(request: DrawingRequest, stopped?: Batch): Promise<boolean> {
  if (busy.peek()) return false
  const { settings, start } = request
  if (start.kind === 'picture' && drawsNothing(start.strength, settings, model.peek())) {
    sayError(
      `At ${formatPercent(start.strength)} nothing is drawn in ${formatCount(settings.steps, 'step')}. ` +
        `Choose at least ${formatPercent(leastStrength(settings, model.peek()))}, or more steps.`,
    )
    return false
  }
  if (connection.peek() && isRefused(settings, connection.peek()!)) return false
  const isActive = () => activeRequest === request
  let progress: StepProgress | undefined
  const end = () => {
    progress?.end()
    activeRequest = undefined
    busy.value = false
    stopDrawing.value = undefined
    waitingForModel.value = undefined
  }
  activeRequest = request
  busy.value = true
  brushing.value = false
  if (start.kind !== 'cells') mask.value = emptyMask(model.peek().grid)
  // Written first, so that a reload keeps the settings. Drops the fragment with the previous picture's tokens.
  writeAddress(`?${writeSettings(new URLSearchParams(location.search), settings, model.peek())}`)
  // Otherwise `connect` shows 'loading'.
  if (connection.peek()) showStatus('drawing')
  else {
    waitingForModel.value = nameOf(settings)
    announce(`${nameOf(settings)}: drawn as soon as the model is loaded.`)
  }
  // The worker would not know what to stop yet.
  stopDrawing.value = () => {
    end()
    if (connection.peek()) showStopped()
  }
  try {
    const opened = await connect()
    if (!isActive()) return false
    if (isRefused(settings, opened)) return false
    waitingForModel.value = undefined
    const startStrength = start.kind === 'picture' ? start.strength : undefined
    const expectation = await opened.studio.expectation(settings, startStrength)
    if (!isActive()) return false
    const steps = expectation.timesteps.length
    const startTime = performance.now()
    const form = { source: source.peek(), strength: strength.peek() }
    const batch = stopped ?? planDrawing(request, { form, expectation, livePreview: livePreview() })
    stopDrawing.value = () => opened.studio.stop()
    shownBatch.value = batch
    seedSpent.value = true
    const expected = expectedSteps(settings, expectation.timesteps, opened.backend.network)
    progress = new StepProgress(batch.drawing!.position?.step ?? 0, expected)
    showStatus('drawing')
    announce(`Drawing ${nameOf(settings)}${start.kind === 'cells' ? ', only the marked cells' : ''}.`)
    element('progress', HTMLElement).scrollIntoView({ block: 'nearest' })
    const result = await runDrawing(opened, batch, {
      onFrame(frame) {
        latestFrame.value = frame
        if (frame.step === 0) return
        const milliseconds = frame.networkMilliseconds + frame.engineMilliseconds
        measureStep(settings, expectation.timesteps[frame.step - 1]!, milliseconds)
        progress?.finish(frame.step, milliseconds)
        if (steps > 3 && frame.step === Math.floor(steps / 2)) announce('Half way.')
      },
      onRecovered: sayRecovered,
    }).catch((error) => {
      if ((error as Error).name === 'AbortError') keepWhatIsDrawn(opened, batch)
      throw error
    })
    addFinished(batch)
    markDrawn()
    // Without a thumbnail it is not kept.
    keepPictures(batch.items).catch(() => {})
    progress.end()
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
export function isRefused({ prompt }: PageSettings, { tokenizer }: Connection): boolean {
  if (tokenizer === undefined || saysSomething(prompt, tokenizer)) return false
  refusePrompt(prompt, tokenizer)
  return true
}

export function sayRecovered(step: number): void {
  say(`The graphics device was lost and is here again. Going on from step ${step}.`)
}

export function showStopped(): void {
  showStatus('stopped')
  announce('Stopped.')
}

/** A drawing that was stopped after its start can be saved, continued, and undone like any other. */
function keepWhatIsDrawn(opened: Connection, batch: Batch): void {
  const { position, expectation } = batch.drawing!
  if (position === undefined) return
  addFinished(batch)
  if (position.step === 0) {
    showMessage('Stopped before the first step was done: there is nothing to save yet.')
    return
  }
  showMessage(`Stopped at step ${position.step} of ${expectation.timesteps.length}.`)
  // If the worker fails meanwhile, `fail` shows the error.
  keepStopped(opened, batch).catch(() => {})
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
