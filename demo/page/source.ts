import { effect } from '@preact/signals-core'
import { formatPercent } from '../format'
import { drawsNothing } from '../picture/settings'
import { drawContained } from './draw_contained'
import { element } from './element'
import { model } from './model'
import { formSettings, source, strength } from './state'

const file = element('picture-file', HTMLInputElement)
const fromNoise = element('from-noise', HTMLElement)
const fromPicture = element('from-picture', HTMLElement)
const name = element('source-name', HTMLElement)
const slider = element('strength', HTMLInputElement)
const output = element('strength-value', HTMLOutputElement)
const thumbnail = element('source', HTMLCanvasElement).getContext('2d')!
const remove = element('remove-source', HTMLButtonElement)

/** The part of the form for the start picture and the strength. */
export function startSource(): void {
  effect(() => {
    const picture = source.value
    fromNoise.hidden = picture !== undefined
    file.hidden = picture !== undefined
    fromPicture.hidden = picture === undefined
    if (picture === undefined) return
    name.textContent = `Starts from ${picture.name}`
    thumbnail.clearRect(0, 0, thumbnail.canvas.width, thumbnail.canvas.height)
    drawContained(thumbnail, picture.bitmap)
  })

  effect(() => {
    slider.value = String(strength.value)
    const isNothing = drawsNothing(strength.value, formSettings.value, model.value)
    const text = formatPercent(strength.value) + (isNothing ? ', too low' : '')
    output.textContent = text
    output.classList.toggle('warning', isNothing)
    slider.setAttribute('aria-valuetext', text)
  })

  slider.addEventListener('input', () => {
    strength.value = slider.valueAsNumber
  })
  remove.addEventListener('click', () => {
    source.value = undefined
    file.focus()
  })
}
