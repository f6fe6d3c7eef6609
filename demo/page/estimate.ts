import { effect } from '@preact/signals-core'
import { formatDuration } from '../format'
import { connection } from './connection'
import { element } from './element'
import { model } from './model'
import { expectedDuration, measuredPace } from './pace'
import { formSettings, source, strength } from './state'

/** Shorter drawings need no word, in ms. */
const SHORT = 20_000

/** Says below Generate how long a long drawing will take. */
export function startEstimate(): void {
  const line = element('estimate', HTMLElement)
  effect(() => {
    const share = source.value && strength.value
    const duration = expectedDuration(formSettings.value, connection.value?.backend.network, share)
    // Nothing is known of another model before its first step.
    const isKnown = model.value.isStickers || measuredPace.value !== undefined
    const isLong = isKnown && duration >= SHORT
    line.textContent = isLong ? `Takes ${formatDuration(duration)} on this machine.` : ''
  })
}
