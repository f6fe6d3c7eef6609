import { batch } from '@preact/signals-core'
import { proxy } from 'comlink'
import { titleOf } from '../picture/titles'
import {
  type DrawingEvent,
  type DrawingResult,
  type Expectation,
  type Frame,
  NUM_LATENT_PIXELS,
} from '../worker/protocol'
import { type Batch, BatchItem, createBatch, type DrawingRecord, type Uncertainty, uncertaintyOf } from './batch'
import type { Connection } from './connection'
import { type DrawingRequest, type DrawingText, drawingOptions, originOf, pictureSettings } from './drawing_request'

interface StartDrawingOptions {
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
  { text, expectation, livePreview, onFrame, onRecovered }: StartDrawingOptions,
): RunningDrawing {
  const options = drawingOptions(request, text, livePreview)
  const pictures = pictureSettings(request)
  const frames: Frame[] = []
  const isExplainable = livePreview && options.method === 'posterior' && request.start.kind !== 'cells'
  const items = options.seeds.map((_, index) => startItem(request, { frames, index, expectation, isExplainable }))
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
    if (event.kind === 'step') showFrame(event.frame)
    else if (event.kind === 'preview' && event.step > preview.step) showBitmaps(event.step, event.bitmaps)
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
        item.picture.value = {
          tokens: result.tokens[i]!,
          settings: pictures[i]!,
          origin: originOf(request.start),
          modelHash: facts.modelHash,
        }
      }
    })
    return result
  }

  const finished = Promise.race([failure, studio.draw(options, proxy(onEvent))])
    .finally(() => {
      isOver = true
    })
    .then(showResult)
  const title = items.length > 1 ? `${items.length} × ${titleOf(request.settings)}` : titleOf(pictures[0]!)
  return { batch: createBatch(items, title), finished }
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
