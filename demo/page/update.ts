import { effect } from '@preact/signals-core'
import { element } from './element'
import { newVersion } from './offline'

/** Offers a newer version of the page when one has arrived. */
export function startRenewal(): void {
  const button = element('renew', HTMLButtonElement)
  button.addEventListener('click', () => newVersion.peek()?.())
  effect(() => {
    button.hidden = newVersion.value === undefined
  })
}
