import { effect, type Signal, signal } from '@preact/signals-core'
import type { Batch } from './batch'
import { element } from './element'
import { busy, shownBatch } from './state'

/** A picture from elsewhere with a plain background. */
interface BackgroundOffer {
  batch: Batch
  /** Whether the picture on the stage has its background. */
  isKept: boolean
  /** Opens the picture again, without its background or with it. */
  change(): void
}

const offer: Signal<BackgroundOffer | undefined> = signal(undefined)
const button = element('background', HTMLButtonElement)

/** Offers to open the picture on the stage again, with or without its plain background. */
export function offerBackground(isKept: boolean, change: () => void): void {
  offer.value = { batch: shownBatch.peek(), isKept, change }
}

/** The button beside the message, while the picture of the offer is on the stage. */
export function startBackgroundButton(): void {
  button.addEventListener('click', () => offer.peek()?.change())
  effect(() => {
    button.disabled = busy.value
    button.hidden = offer.value?.batch !== shownBatch.value
    button.textContent = offer.value?.isKept ? 'Remove background' : 'Keep background'
  })
}
