import { readName, STYLES, type Style } from '../picture/settings'
import { element } from './element'

const group = element('style', HTMLFieldSetElement)
const name = element('style-name', HTMLElement)

/** A radio button for each style, with a picture of it from demo/styles/style_pictures.webp. */
const buttons = (Object.entries(STYLES) as [Style, string][]).map(([value, label], index) => {
  const button = document.createElement('input')
  button.type = 'radio'
  button.name = 'style'
  button.value = value
  button.ariaLabel = label
  button.style.setProperty('--index', String(index))
  const frame = document.createElement('label')
  frame.title = label
  frame.append(button)
  group.append(frame)
  return button
})

function showName(): void {
  name.textContent = STYLES[readStyle()]
}

group.addEventListener('input', showName)

export function readStyle(): Style {
  return readName(STYLES, buttons.find(({ checked }) => checked)?.value ?? null)
}

export function showStyle(style: Style | undefined): void {
  if (style === undefined) return
  for (const button of buttons) button.checked = button.value === style
  showName()
}
