import { element } from './element'

const region = element('announcer', HTMLElement)

/** Has a screen reader say a sentence when it is done with what it says. Sparsely: never once a step. */
export function announce(sentence: string): void {
  // The same sentence again would be no change, and stay unsaid.
  region.textContent = region.textContent === sentence ? `${sentence}\u00a0` : sentence
}
