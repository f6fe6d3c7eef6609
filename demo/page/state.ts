import { computed, type Signal, signal, batch as together } from '@preact/signals-core'
import type { Model } from '../model/model'
import { emptyMask, type Mask } from '../picture/cells'
import type { Picture } from '../picture/picture'
import { type PageSettings, readSettings } from '../picture/settings'
import type { DrawingResult, Frame } from '../worker/protocol'
import { type Batch, BatchItem, createBatch } from './batch'
import type { Source } from './drawing_request'
import { History } from './history'
import { model } from './model'
import { placeholderDots } from './placeholder'

/** State that several parts of the page share. Parts change these signals, and follow them with effects. */

export function emptyBatch(): Batch {
  return createBatch([new BatchItem(undefined, placeholderDots(model.peek()))], '')
}

/** The stage before anything was drawn with the model. */
export const firstBatch = signal(emptyBatch())

/** The batch on the stage: being drawn, finished, or stopped. */
export const shownBatch: Signal<Batch> = signal(firstBatch.peek())

/** Finished batches, for undo and redo. */
export const history = signal(new History(firstBatch.peek()))

/** Whether a drawing runs, or a picture is being opened. */
export const busy = signal(false)

/** What is drawn as soon as the model is loaded. */
export const waitingForModel: Signal<string | undefined> = signal(undefined)

/** Stops the current drawing; undefined if there is nothing to stop. */
export const stopDrawing: Signal<(() => void) | undefined> = signal(undefined)

/** The cells to repaint. */
export const mask: Signal<Mask> = signal(emptyMask(model.peek().grid))

/** Whether the brush is active. */
export const brushing = signal(false)

/** The picture that Generate starts from, with its name on the page; undefined starts from noise. */
export const source: Signal<Source | undefined> = signal(undefined)

/** Strength of image-to-image, 0 … 1. */
export const strength = signal(0.6)

/** The settings of the form. */
export const formSettings: Signal<PageSettings> = signal(readSettings(new URLSearchParams(), model.peek()))

/** The latest step of the current drawing. */
export const latestFrame: Signal<Frame | undefined> = signal(undefined)

export const lastResult: Signal<DrawingResult | undefined> = signal(undefined)

/** The item that is shown large. */
export const selectedItem = computed(() => {
  const { items, selected } = shownBatch.value
  return selected.value === undefined ? undefined : items[selected.value]
})

/** The finished or stopped picture that is shown large, which Save, Share etc. apply to. */
export const selectedPicture = computed<Picture | undefined>(() => selectedItem.value?.picture.value)

/** Shows a batch that is finished or stopped, and has it in the history. */
export function addFinished(batch: Batch): void {
  shownBatch.value = batch
  history.value = history.value.goTo(batch)
}

/** Puts away everything of the model before: pictures of one are no tokens of another. */
export function changeModel(next: Model): void {
  together(() => {
    model.value = next
    brushing.value = false
    mask.value = emptyMask(next.grid)
    source.value = undefined
    latestFrame.value = undefined
    lastResult.value = undefined
    firstBatch.value = emptyBatch()
    history.value = new History(firstBatch.value)
    shownBatch.value = firstBatch.value
  })
}
