import { effect } from '@preact/signals-core'
import { element } from './element'
import { source, strength } from './state'

const file = element('picture-file', HTMLInputElement)
const fromNoise = element('from-noise', HTMLElement)
const fromPicture = element('from-picture', HTMLElement)
const name = element('source-name', HTMLElement)
const slider = element('strength', HTMLInputElement)
const percentage = element('strength-value', HTMLOutputElement)
const thumbnail = element('source', HTMLCanvasElement).getContext('2d')!
const forget = element('forget-source', HTMLButtonElement)

/** Shows what Generate starts from, and how far from it. */
export function startSource(): void {
  effect(() => {
    const from = source.value
    fromNoise.hidden = from !== undefined
    file.hidden = from !== undefined
    fromPicture.hidden = from === undefined
    if (from === undefined) return
    name.textContent = `Starts from ${from.name}`
    thumbnail.clearRect(0, 0, thumbnail.canvas.width, thumbnail.canvas.height)
    thumbnail.drawImage(from.bitmap, 0, 0)
  })

  effect(() => {
    slider.value = String(strength.value)
    const text = `${Math.round(100 * strength.value)} %`
    percentage.textContent = text
    slider.setAttribute('aria-valuetext', text)
  })

  slider.addEventListener('input', () => {
    strength.value = slider.valueAsNumber
  })
  forget.addEventListener('click', () => {
    source.value = undefined
    file.focus()
  })
}
