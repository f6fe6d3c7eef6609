import { batch } from '@preact/signals-core'
import { proxy } from 'comlink'
import { sizeOf } from '../model/model'
import type { Picture } from '../picture/picture'
import { titleOf } from '../picture/titles'
import type { DrawingEvent, DrawingResult, Expectation, Frame, Tokens } from '../worker/protocol'
import {
  type Batch,
  BatchItem,
  createBatch,
  type Drawing,
  type DrawingRecord,
  noUncertainty,
  type Uncertainty,
  uncertaintyOf,
} from './batch'
import type { Connection } from './connection'
import {
  conditionOf,
  type DrawingRequest,
  drawingOptions,
  originOf,
  pictureSettings,
  type Source,
} from './drawing_request'
import { model } from './model'

/** A batch that nothing is drawn of yet. */
export function planDrawing(
  request: DrawingRequest,
  {
    form,
    expectation,
    livePreview,
  }: {
    /** What the form starts from, to be shown there whenever the batch is shown. */
    form?: { source: Source | undefined; strength: number }
    expectation: Expectation
    livePreview: boolean
  },
): Batch {
  const { settings, start } = request
  const pictures = pictureSettings(request)
  const drawing: Drawing = { request, livePreview, frames: [], position: undefined, expectation }
  const isExplainable = livePreview && start.kind !== 'cells' && settings.method === 'posterior'
  const items = pictures.map((_, index) =>
    startItem(request, { frames: drawing.frames, index, expectation, isExplainable }),
  )
  const title = items.length > 1 ? `${items.length} × ${titleOf(settings)}` : titleOf(pictures[0]!)
  return createBatch(items, title, form && { settings, ...form }, drawing)
}

interface DrawingListeners {
  onFrame(frame: Frame): void
  /** The GPU device was lost; the drawing continues after this step. */
  onRecovered(step: number): void
}

/**
 * Draws a planned batch in the worker, or the rest of a stopped one, whose items and record change with every step. Rejects
 * with an AbortError if stopped.
 */
export async function runDrawing(
  { studio, failure, facts, tokenizer }: Connection,
  { items, drawing }: Batch,
  { onFrame, onRecovered }: DrawingListeners,
): Promise<DrawingResult> {
  const { request, frames, livePreview, position } = drawing!
  const options = drawingOptions(request, conditionOf(request, tokenizer), livePreview, position)
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
      drawing!.position = { step: frame.step, tokens: frame.tokens, random }
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
        item.uncertainty.value = noUncertainty()
        item.picture.value = pictureOf(request, i, result.tokens[i]!, facts.modelHash)
      }
    })
    return result
  }

  for (const item of items) item.picture.value = undefined
  // `keepStopped` may still run.
  studio.stop()
  try {
    return showResult(await Promise.race([failure, studio.draw(options, proxy(onEvent))]))
  } finally {
    isOver = true
  }
}

/**
 * Makes pictures of a batch that was stopped after its first step, of what the network expects there: as the last step has
 * recorded it, else by another run of the network, which the next drawing stops. Does nothing if the batch goes on meanwhile.
 */
export async function keepStopped(opened: Connection, { items, drawing }: Batch): Promise<void> {
  const { request, frames } = drawing!
  const frame = frames.at(-1)
  const { tokens, bitmaps } = await Promise.race([opened.failure, expectedPictures(opened, drawing!)])
  if (frames.at(-1) !== frame || items.some(({ picture }) => picture.peek())) return
  batch(() => {
    for (const [i, item] of items.entries()) {
      item.bitmap.value = bitmaps[i]
      item.picture.value = { ...pictureOf(request, i, tokens[i]!, opened.facts.modelHash), unfinished: true }
    }
  })
}

async function expectedPictures(
  { studio, tokenizer }: Connection,
  { request, frames, position }: Drawing,
): Promise<Pick<DrawingResult, 'tokens' | 'bitmaps'>> {
  const recorded = frames.at(-1)!.predOriginalSample
  if (recorded === undefined) {
    const options = drawingOptions(request, conditionOf(request, tokenizer), false, position)
    return studio.draw(
      { ...options, atOnce: true },
      proxy(() => {}),
    )
  }
  const tokens = pictureSettings(request).map((_, i) => expectedTokens(request, recorded, i))
  return { tokens, bitmaps: await studio.decode(tokens) }
}

/** With inpainting, the cells that are not marked are those of the picture before. */
function expectedTokens({ start }: DrawingRequest, predOriginalSample: Tokens, index: number): Tokens {
  const size = sizeOf(model.peek().grid)
  const tokens = predOriginalSample.slice(index * size, (index + 1) * size)
  if (start.kind !== 'cells') return tokens
  return tokens.map((token, cell) => (start.mask[cell] === 1 ? token : start.picture.tokens[cell]!))
}

function pictureOf(request: DrawingRequest, index: number, tokens: Tokens, modelHash: string): Picture {
  const { grid } = model.peek()
  return { tokens, grid, settings: pictureSettings(request)[index]!, origin: originOf(request.start), modelHash }
}

/** An item before the first step. */
function startItem({ start }: DrawingRequest, record: DrawingRecord): BatchItem {
  const item = new BatchItem(undefined, undefined, record)
  if (start.kind === 'noise') item.uncertainty.value = noUncertainty().fill(1)
  else item.bitmap.value = start.picture.bitmap
  if (start.kind === 'cells') item.uncertainty.value = Float32Array.from(start.mask)
  return item
}

/** With inpainting, only cells to repaint are uncertain: the others are noised on the way but end as they were. */
function maskedBy({ start }: DrawingRequest, uncertainty: Uncertainty): Uncertainty {
  return start.kind === 'cells' ? uncertainty.map((value, cell) => (start.mask[cell] === 1 ? value : 0)) : uncertainty
}
