import { effect } from '@preact/signals-core'
import type { Batch } from './batch'
import { model } from './model'
import { requestNext } from './next_request'
import { shownBatch } from './state'

/**
 * The entries of the browser's history: what is opened is an entry of its own, so that Back closes it. The entries hold
 * their address and a key; what was on the stage is kept here, and lost with the page.
 */

/** What the stage shows in an entry. */
interface View {
  batch: Batch
  selected: number | undefined
}

/** What the browser keeps of an entry, also over a reload. */
interface EntryState {
  /** A key of `views`. */
  view: string
  /** The key of the entry before, if it was left by opening something. */
  before?: string
  /** Whether a picture was drawn with the settings of the address. */
  drawn?: boolean
}

/** Each may hold the frames of 16 pictures. */
const MAX_VIEWS = 30

/** In the order of their entries. */
const views = new Map<string, View>()
let numKeys = 0
let recordedModel = model.peek()
/** The key of the entry that the stage shows. */
let current = newKey()

/** Keys of an earlier load of the page differ. */
function newKey(): string {
  return `${performance.timeOrigin} ${numKeys++}`
}

function entryState(): Partial<EntryState> {
  return window.history.state ?? {}
}

/** Whether a picture was drawn with the settings of the address, as far as the browser knows. */
export function isAddressDrawn(): boolean {
  return entryState().drawn === true
}

/** Changes the address of this entry, to one of which no picture was drawn yet. */
export function writeAddress(address: string): void {
  window.history.replaceState({ ...entryState(), view: current, drawn: false } satisfies EntryState, '', address)
}

/** A picture was drawn with the settings of the address, unless the browser has gone to another entry meanwhile. */
export function markDrawn(): void {
  if (entryState().view !== current) return
  window.history.replaceState({ ...entryState(), view: current, drawn: true } satisfies EntryState, '')
}

/** Whether the browser has just gone to an entry that the stage can show. */
export function isKnownEntry(): boolean {
  return views.has(entryState().view ?? '')
}

/** Takes the entry that the browser has made for an address, or has kept over a reload. */
export function adoptEntry(): void {
  const before = current
  current = newKey()
  window.history.replaceState({ ...entryState(), view: current, before } satisfies EntryState, '')
  record()
}

/** Opens something on the stage in an entry of its own. */
export function openInEntry(open: () => void): void {
  const before = current
  current = newKey()
  const { drawn } = entryState()
  window.history.pushState({ view: current, before, ...(drawn && { drawn }) } satisfies EntryState, '')
  open()
}

/** Goes back if the entry before shows this; else returns false. */
export function goBackTo(batch: Batch, selected: number | undefined): boolean {
  const before = views.get(entryState().before ?? '')
  if (before?.batch !== batch || before.selected !== selected) return false
  window.history.back()
  return true
}

function record(): void {
  const batch = shownBatch.value
  // Pictures of another model cannot be shown any more.
  if (recordedModel !== model.value) views.clear()
  recordedModel = model.value
  views.set(current, { batch, selected: batch.selected.value })
  if (views.size > MAX_VIEWS) views.delete(views.keys().next().value!)
}

/** Shows with Back and Forward what the stage showed; after the drawing if one is on the stage. */
export function startBrowserHistory(show: (view: View) => void): void {
  effect(record)
  window.addEventListener('popstate', () => {
    const { view: key = '' } = entryState()
    const view = views.get(key)
    if (!view) return
    const enter = () => {
      // The user may have gone on meanwhile.
      if (entryState().view !== key) return
      current = key
      show(view)
    }
    if (view.batch === shownBatch.peek()) enter()
    else requestNext('what was here before', enter)
  })
}
