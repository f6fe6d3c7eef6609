import { batch } from '@preact/signals-core'
import { proxy } from 'comlink'
import { titleOf } from '../picture/titles'
import { type DrawingEvent, type Drawn, type Expectation, type Frame, NUM_LATENT_PIXELS } from '../worker/protocol'
import { type Doubt, doubtIn, Print, type Sheet, sheetOf } from './batch'
import type { Connection } from './connection'
import { drawingOf, type Order, originOf } from './drawing_request'

/** How an order is carried out. */
interface Conditions {
  /** [16] tokens of prompt and style. */
  text: Int32Array
  expectation: Expectation
  livePreview: boolean
  onFrame(frame: Frame): void
  /** The GPU was lost; the drawing goes on from here by itself. */
  onRecovered(step: number): void
}

/** A drawing under way. */
export interface Development {
  /** To be put on the stage, where its prints develop by themselves; its frames grow with every step. */
  sheet: Sheet
  /** Resolves when all prints are finished; rejects with an AbortError when stopped. */
  finished: Promise<Drawn>
}

/** Has the worker draw an order. */
export function draw({ studio, failure, facts }: Connection, order: Order, conditions: Conditions): Development {
  const { text, expectation, livePreview, onFrame } = conditions
  const drawing = drawingOf(order, text, livePreview)
  const prints = drawing.seeds.map(() => beginningOf(order))
  const frames: Frame[] = []
  let previews: { step: number; bitmaps: ImageBitmap[] } = { step: -1, bitmaps: [] }
  let over = false

  function showFrame(frame: Frame): void {
    frames.push(frame)
    batch(() => {
      for (const [i, print] of prints.entries()) print.doubt.value = openCells(order, doubtIn(frame, i))
    })
    onFrame(frame)
  }

  function showBitmaps(step: number, bitmaps: ImageBitmap[]): void {
    for (const [i, print] of prints.entries()) print.bitmap.value = bitmaps[i]
    for (const old of previews.bitmaps) old.close()
    previews = { step, bitmaps }
  }

  function onEvent(event: DrawingEvent): void {
    // Events travel on their own: some come when all is over, and previews may come after newer ones.
    if (over) return
    if (event.kind === 'step') showFrame(event.frame)
    else if (event.kind === 'preview' && event.step > previews.step) showBitmaps(event.step, event.bitmaps)
    else if (event.kind === 'recovered') {
      frames.splice(frames.findLastIndex(({ step }) => step <= event.step) + 1)
      conditions.onRecovered(event.step)
    }
  }

  function finish(drawn: Drawn): Drawn {
    const { count: _, ...settings } = order.settings
    batch(() => {
      showBitmaps(Number.POSITIVE_INFINITY, drawn.bitmaps)
      for (const [i, print] of prints.entries()) {
        print.doubt.value = new Float32Array(NUM_LATENT_PIXELS)
        print.picture.value = {
          tokens: drawn.tokens[i]!,
          settings: { ...settings, seed: drawing.seeds[i]! },
          origin: originOf(order.start),
          modelHash: facts.modelHash,
        }
      }
    })
    return drawn
  }

  const finished = Promise.race([failure, studio.draw(drawing, proxy(onEvent))])
    .finally(() => {
      over = true
    })
    .then(finish)
  return { sheet: sheetOf(prints, titleOf(order.settings), { frames, expectation }), finished }
}

/** What is seen before the first step. */
function beginningOf({ start }: Order): Print {
  const print = new Print()
  if (start.kind === 'noise') print.doubt.value = new Float32Array(NUM_LATENT_PIXELS).fill(1)
  else print.bitmap.value = start.base.bitmap
  if (start.kind === 'cells') print.doubt.value = Float32Array.from(start.mask)
  return print
}

/** Known cells are noised on the way like the others, but nobody doubts how they end. */
function openCells({ start }: Order, doubt: Doubt): Doubt {
  return start.kind === 'cells' ? doubt.map((size, cell) => (start.mask[cell] === 1 ? size : 0)) : doubt
}
