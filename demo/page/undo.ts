import { computed, effect } from '@preact/signals-core'
import { announce } from './announce'
import { element } from './element'
import { showMessage, showStateOf } from './messages'
import { busy, history, sheet } from './state'

const undo = element('undo', HTMLButtonElement)
const redo = element('redo', HTMLButtonElement)

/** A drawing that was stopped is on the stage and not in the history: undo takes it away first. */
const unfinished = computed(() => sheet.value !== history.value.present)
const canUndo = computed(() => !busy.value && (unfinished.value || history.value.past.length > 0))
const canRedo = computed(() => !busy.value && history.value.future.length > 0)

function goBack(): void {
  if (!canUndo.peek()) return
  if (!unfinished.peek()) history.value = history.peek().undo()
  show('Undone.')
}

function goForth(): void {
  if (!canRedo.peek()) return
  history.value = history.peek().redo()
  show('Redone.')
}

function show(message: string): void {
  const { present } = history.peek()
  sheet.value = present
  showStateOf(present)
  showMessage('')
  announce(message)
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && !['range', 'checkbox', 'radio', 'file'].includes(target.type)
}

/** Undo and Redo, by their buttons and by Ctrl+Z and Ctrl+Shift+Z. */
export function startUndo(): void {
  effect(() => {
    undo.disabled = !canUndo.value
  })
  effect(() => {
    redo.disabled = !canRedo.value
  })
  undo.addEventListener('click', goBack)
  redo.addEventListener('click', goForth)
  document.addEventListener('keydown', (event) => {
    // Text fields undo their own words.
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || isTextField(event.target)) return
    event.preventDefault()
    if (event.shiftKey) goForth()
    else goBack()
  })
}
