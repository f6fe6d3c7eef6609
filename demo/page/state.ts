import { computed, type Signal, signal } from '@preact/signals-core'
import { type Mask, noCells } from '../picture/mask'
import type { Picture } from '../picture/picture'
import type { Drawn, Frame } from '../worker/protocol'
import { Print, type Sheet, sheetOf } from './batch'
import type { Base } from './drawing_request'
import { History } from './history'
import { restingHeart } from './placeholder'

/** A picture that others start from, and what it is called on the page. */
export interface Source extends Base {
  name: string
}

/** Everything that more than one part of the page looks at. Each part changes it, or follows it with an effect. */

const empty = sheetOf([new Print(undefined, restingHeart)], '')

/** What is on the stage: finished, developing, or given up half way. */
export const sheet: Signal<Sheet> = signal(empty)

/** Sheets that were finished. While one develops it is not in here. */
export const history = signal(new History(empty))

/** Whether pictures are being made, fetched or waited for; and what ends that, if anything can. */
export const busy = signal(false)
export const interrupt: Signal<(() => void) | undefined> = signal(undefined)

/** The cells that Repaint draws again, and whether the brush is out. */
export const mask: Signal<Mask> = signal(noCells)
export const brushing = signal(false)

/** Where Generate starts from; undefined is noise. */
export const source = signal<Source | undefined>(undefined)
export const strength = signal(0.6)

/** The newest step of the drawing on the stage, and what the last one that was finished has taken. */
export const latestFrame: Signal<Frame | undefined> = signal(undefined)
export const lastDrawn: Signal<Drawn | undefined> = signal(undefined)

/** The print that is seen large, if one is. */
export const selectedPrint = computed(() => {
  const { prints, selected } = sheet.value
  return selected.value === undefined ? undefined : prints[selected.value]
})

/** The finished picture that is seen large, if one is: what Save, Share and the like are about. */
export const selectedPicture = computed<Picture | undefined>(() => selectedPrint.value?.picture.value)

/** Puts a finished sheet on the stage, to be undone with the others. */
export function finish(finished: Sheet): void {
  sheet.value = finished
  history.value = history.value.push(finished)
}
