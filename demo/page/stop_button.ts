import { effect } from '@preact/signals-core'
import { element } from './element'
import { busy, stopDrawing } from './state'

const button = element('stop', HTMLButtonElement)
const generate = element('generate', HTMLButtonElement)

/** The element that had the focus when the drawing started and was then disabled. */
let previousFocus: HTMLElement | undefined

/** The Stop button. It takes the focus from the button that started the drawing, and gives it back at the end. */
export function startStopButton(): void {
  button.addEventListener('click', () => stopDrawing.peek()?.())

  effect(() => {
    button.disabled = stopDrawing.value === undefined
    // A disabled button loses its focus. In a microtask, after the other effects of `busy` have disabled their buttons.
    queueMicrotask(busy.value ? moveFocusToStop : restoreFocus)
  })
}

function moveFocusToStop(): void {
  const focused = document.activeElement
  if (!(focused instanceof HTMLElement) || isUsable(focused)) return
  previousFocus = focused
  if (isUsable(button)) button.focus({ preventScroll: true })
}

function restoreFocus(): void {
  const focused = document.activeElement
  const isLost = focused === button || (focused === document.body && previousFocus !== undefined)
  const next = previousFocus && isUsable(previousFocus) ? previousFocus : generate
  if (isLost) next.focus({ preventScroll: true })
  previousFocus = undefined
}

function isUsable(target: HTMLElement): boolean {
  return !target.matches(':disabled') && target.checkVisibility()
}
