import { effect } from '@preact/signals-core'
import { PRESETS, type PresetName, presetName, presetText } from '../model/presets'
import { element } from './element'
import { fillFields } from './form'
import { formSettings } from './state'

/** Has each of the presets set its numbers. None is chosen while the form has other numbers. */
export function startQuality(): void {
  const radios = [...element('quality', HTMLFieldSetElement).querySelectorAll('input')]
  for (const radio of radios) {
    const preset = PRESETS[radio.value as PresetName]
    radio.title = presetText(preset)
    radio.addEventListener('change', () => fillFields(preset))
  }
  effect(() => {
    const chosen = presetName(formSettings.value)
    for (const radio of radios) radio.checked = radio.value === chosen
  })
}
