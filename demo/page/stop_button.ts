import { effect } from '@preact/signals-core'
import { element } from './element'
import { busy, interrupt } from './state'

const button = element('stop', HTMLButtonElement)
const generate = element('generate', HTMLButtonElement)

/** Who had the focus when the work began. */
let beginner: HTMLElement | undefined

/** The button that ends what is being made. */
export function startStop(): void {
  button.addEventListener('click', () => interrupt.peek()?.())

  effect(() => {
    button.disabled = interrupt.value === undefined
    // A disabled button would lose the focus to nowhere: it goes to Stop, and back afterwards. Not before all others have
    // followed `busy` too.
    queueMicrotask(busy.value ? hold : release)
  })
}

function hold(): void {
  const focused = document.activeElement
  if (!(focused instanceof HTMLElement) || isUsable(focused)) return
  beginner = focused
  if (isUsable(button)) button.focus({ preventScroll: true })
}

function release(): void {
  const focused = document.activeElement
  const isLost = focused === button || (focused === document.body && beginner !== undefined)
  const next = beginner && isUsable(beginner) ? beginner : generate
  if (isLost) next.focus({ preventScroll: true })
  beginner = undefined
}

function isUsable(target: HTMLElement): boolean {
  return !target.matches(':disabled') && target.checkVisibility()
}
