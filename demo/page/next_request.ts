import { effect, signal } from '@preact/signals-core'
import { element } from './element'
import { announce } from './messages'
import { busy, waitingForModel } from './state'

/** What the page does next, and its name on the page. */
interface NextRequest {
  name: string
  begin(): void
}

const next = signal<NextRequest | undefined>(undefined)
const line = element('waiting', HTMLSpanElement)

/** Begins something now or, while something is drawn or opened, after that. A later request replaces one that waits. */
export function requestNext(name: string, begin: () => void): void {
  if (!busy.peek()) {
    begin()
    return
  }
  next.value = { name, begin }
  line.scrollIntoView({ block: 'nearest' })
  announce(`Next: ${name}.`)
}

/** Shows what waits, and begins it when nothing is drawn any more. */
export function startNextRequests(): void {
  effect(() => {
    const waiting = waitingForModel.value
    const sentences = [
      waiting === undefined ? '' : `${waiting}: drawn as soon as the model is loaded.`,
      next.value ? `Next: ${next.value.name}.` : '',
    ].filter(Boolean)
    line.hidden = sentences.length === 0
    line.textContent = sentences.join(' ')
  })
  effect(() => {
    if (busy.value || next.value === undefined) return
    const { name, begin } = next.value
    next.value = undefined
    // When what was drawn is shown; if something else has begun then, it waits again.
    setTimeout(() => requestNext(name, begin))
  })
}
