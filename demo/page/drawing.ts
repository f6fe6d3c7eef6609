import { batch } from '@preact/signals-core'
import { proxy } from 'comlink'
import type { Picture } from '../picture/picture'
import { titleOf } from '../picture/titles'
import {
  type DrawingEvent,
  type DrawingResult,
  type Expectation,
  type Frame,
  NUM_LATENT_PIXELS,
  type Tokens,
} from '../worker/protocol'
import {
  type Batch,
  BatchItem,
  createBatch,
  type Drawing,
  type DrawingRecord,
  type Uncertainty,
  uncertaintyOf,
} from './batch'
import type { Connection } from './connection'
import {
  type DrawingRequest,
  type DrawingText,
  drawingOptions,
  originOf,
  pictureSettings,
  type Source,
} from './drawing_request'

interface StartDrawingOptions {
  /** Continue this batch, which was stopped. */
  stopped?: Batch | undefined
  /** What the form starts from, to be shown there whenever the batch is shown. */
  form?: { source: Source | undefined; strength: number }
  /** As `textOf` gives it. */
  text: DrawingText
  expectation: Expectation
  livePreview: boolean
  onFrame(frame: Frame): void
  /** The GPU device was lost; the drawing continues after this step. */
  onRecovered(step: number): void
}

interface RunningDrawing {
  /** Its items and their record change with every step. */
  batch: Batch
  /** Resolves when all pictures are finished. Rejects with an AbortError if stopped. */
  finished: Promise<DrawingResult>
}

/** Starts a drawing in the worker, and updates a batch with its events. */
export function startDrawing(
  { studio, failure, facts }: Connection,
  request: DrawingRequest,
  { stopped, form, text, expectation, livePreview, onFrame, onRecovered }: StartDrawingOptions,
): RunningDrawing {
  const drawing: Drawing = stopped?.drawing ?? { request, livePreview, frames: [], position: undefined, expectation }
  const { frames } = drawing
  const options = drawingOptions(request, text, livePreview, drawing.position)
  const isExplainable = livePreview && options.method === 'posterior' && request.start.kind !== 'cells'
  const items =
    stopped?.items ?? options.seeds.map((_, index) => startItem(request, { frames, index, expectation, isExplainable }))
  let preview: { step: number; bitmaps: ImageBitmap[] } = { step: -1, bitmaps: [] }
  let isOver = false

  function showFrame(frame: Frame): void {
    frames.push(frame)
    batch(() => {
      for (const [i, item] of items.entries()) item.uncertainty.value = maskedBy(request, uncertaintyOf(frame, i))
    })
    onFrame(frame)
  }

  function showBitmaps(step: number, bitmaps: ImageBitmap[]): void {
    for (const [i, item] of items.entries()) item.bitmap.value = bitmaps[i]
    for (const old of preview.bitmaps) old.close()
    preview = { step, bitmaps }
  }

  function onEvent(event: DrawingEvent): void {
    // Events may arrive after a stop, and previews after later previews.
    if (isOver) return
    if (event.kind === 'step') {
      const { frame, random } = event
      drawing.position = { step: frame.step, tokens: frame.tokens, random }
      showFrame(frame)
    }
    if (event.kind === 'preview' && event.step > preview.step) showBitmaps(event.step, event.bitmaps)
    else if (event.kind === 'recovered') {
      frames.splice(frames.findLastIndex(({ step }) => step <= event.step) + 1)
      onRecovered(event.step)
    }
  }

  function showResult(result: DrawingResult): DrawingResult {
    batch(() => {
      showBitmaps(Number.POSITIVE_INFINITY, result.bitmaps)
      for (const [i, item] of items.entries()) {
        item.uncertainty.value = new Float32Array(NUM_LATENT_PIXELS)
        item.picture.value = pictureOf(request, i, result.tokens[i]!, facts.modelHash)
      }
    })
    return result
  }

  for (const item of items) item.picture.value = undefined
  const finished = Promise.race([failure, studio.draw(options, proxy(onEvent))])
    .finally(() => {
      isOver = true
    })
    .then(showResult)
  if (stopped) return { batch: stopped, finished }
  const { settings } = request
  const title = items.length > 1 ? `${items.length} × ${titleOf(settings)}` : titleOf(pictureSettings(request)[0]!)
  return { batch: createBatch(items, title, form && { settings, ...form }, drawing), finished }
}

/**
 * Makes pictures of a stopped batch, of what the network expected at its last step. Does nothing if that was not recorded,
 * or if the batch goes on meanwhile.
 */
export async function keepStopped({ studio, failure, facts }: Connection, { items, drawing }: Batch): Promise<void> {
  const { request, frames } = drawing!
  const frame = frames.at(-1)
  if (!frame?.predOriginalSample) return
  const tokens = items.map((_, i) => expectedTokens(request, frame.predOriginalSample!, i))
  const bitmaps = await Promise.race([failure, studio.decode(tokens)])
  if (frames.at(-1) !== frame || items.some(({ picture }) => picture.peek())) return
  batch(() => {
    for (const [i, item] of items.entries()) {
      item.bitmap.value = bitmaps[i]
      item.picture.value = { ...pictureOf(request, i, tokens[i]!, facts.modelHash), unfinished: true }
    }
  })
}

/** With inpainting, the cells that are not marked are those of the picture before. */
function expectedTokens({ start }: DrawingRequest, predOriginalSample: Tokens, index: number): Tokens {
  const tokens = predOriginalSample.slice(index * NUM_LATENT_PIXELS, (index + 1) * NUM_LATENT_PIXELS)
  if (start.kind !== 'cells') return tokens
  return tokens.map((token, cell) => (start.mask[cell] === 1 ? token : start.picture.tokens[cell]!))
}

function pictureOf(request: DrawingRequest, index: number, tokens: Tokens, modelHash: string): Picture {
  return { tokens, settings: pictureSettings(request)[index]!, origin: originOf(request.start), modelHash }
}

/** An item before the first step. */
function startItem({ start }: DrawingRequest, record: DrawingRecord): BatchItem {
  const item = new BatchItem(undefined, undefined, record)
  if (start.kind === 'noise') item.uncertainty.value = new Float32Array(NUM_LATENT_PIXELS).fill(1)
  else item.bitmap.value = start.picture.bitmap
  if (start.kind === 'cells') item.uncertainty.value = Float32Array.from(start.mask)
  return item
}

/** With inpainting, only cells to repaint are uncertain: the others are noised on the way but end as they were. */
function maskedBy({ start }: DrawingRequest, uncertainty: Uncertainty): Uncertainty {
  return start.kind === 'cells' ? uncertainty.map((value, cell) => (start.mask[cell] === 1 ? value : 0)) : uncertainty
}
