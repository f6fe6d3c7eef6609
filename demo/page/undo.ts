import { computed, effect } from '@preact/signals-core'
import { element } from './element'
import { showAgain } from './follow'
import { onKey } from './keys'
import { announce } from './messages'
import { busy, history, shownBatch } from './state'
import { isTextField } from './text_field'

const undo = element('undo', HTMLButtonElement)
const redo = element('redo', HTMLButtonElement)

/** A drawing that was stopped before it began is on the stage but not in the history; the first undo removes it. */
const isStopped = computed(() => shownBatch.value !== history.value.present)
const canUndo = computed(() => !busy.value && (isStopped.value || history.value.past.length > 0))
const canRedo = computed(() => !busy.value && history.value.future.length > 0)

function goBack(): void {
  if (!canUndo.peek()) return
  if (!isStopped.peek()) history.value = history.peek().undo()
  showPresent('Undone.')
}

function goForward(): void {
  if (!canRedo.peek()) return
  history.value = history.peek().redo()
  showPresent('Redone.')
}

function showPresent(announcement: string): void {
  const { present } = history.peek()
  showAgain(present, present.selected.peek())
  announce(announcement)
}

/** Undo and Redo: the buttons, Ctrl+Z and Ctrl+Shift+Z. */
export function startUndo(): void {
  effect(() => {
    undo.disabled = !canUndo.value
  })
  effect(() => {
    redo.disabled = !canRedo.value
  })
  undo.addEventListener('click', goBack)
  redo.addEventListener('click', goForward)
  onKey(document, (event) => {
    // In text fields, the browser undoes the typing.
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || isTextField(event.target)) return
    event.preventDefault()
    if (event.shiftKey) goForward()
    else goBack()
  })
}
