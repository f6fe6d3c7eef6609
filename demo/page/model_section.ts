import { effect } from '@preact/signals-core'
import { formatCount } from '../format'
import type { Model } from '../model/model'
import { maxPromptCharacters } from '../picture/settings'
import { element } from './element'
import { model } from './model'

const HEADLINES = { text: 'Say it in a few words.', class: 'Choose a class.', none: 'Draw something.' }

const intro = element('intro', HTMLElement)
const stickersIntro = element('stickers-intro', HTMLElement)
const headline = element('headline', HTMLElement)
const prompt = element('prompt', HTMLInputElement)
const negative = element('negative', HTMLInputElement)
const startHint = element('start-hint', HTMLElement)
const completing = ['role', 'aria-autocomplete', 'aria-expanded', 'aria-controls'].map(
  (name) => [name, prompt.getAttribute(name)!] as const,
)

/** Shows what belongs to the model, and hides what belongs to others. */
export function startModelSection(): void {
  effect(() => {
    const { isStickers, condition, isGuidable, picture, grid, numClasses = 1, hasEncoder, hasAlpha } = model.value
    const { style, dataset } = document.documentElement
    dataset.alpha = String(hasAlpha)
    for (const [property, value] of [
      ['--picture-width', picture.width],
      ['--picture-height', picture.height],
      ['--grid-width', grid.width],
      ['--grid-height', grid.height],
    ] as const)
      style.setProperty(property, String(value))
    showWhere('.for-stickers', isStickers)
    showWhere('.for-others', !isStickers)
    showWhere('.for-text', condition === 'text')
    showWhere('.for-classes', condition === 'class')
    showWhere('.for-guidance', isGuidable)
    stickersIntro.hidden = !isStickers
    intro.hidden = isStickers
    intro.textContent = introOf(model.value)
    headline.firstChild!.textContent = `${HEADLINES[condition]} `
    element('last-class', HTMLElement).textContent = `0 … ${numClasses - 1}`
    startHint.textContent = hasEncoder ? 'To start from a picture' : 'To open a picture that was saved here'
    for (const field of [prompt, negative]) field.maxLength = maxPromptCharacters(model.value)
    // Words are completed for stickers alone.
    for (const [name, value] of completing) {
      if (isStickers) prompt.setAttribute(name, value)
      else prompt.removeAttribute(name)
    }
  })
}

function introOf({ name, grid, picture, isUnknown }: Model): string {
  const size = `${picture.width}\u00a0×\u00a0${picture.height} pixels`
  const tokens = `${grid.width}\u00a0×\u00a0${grid.height} tokens of ${formatCount(grid.numCodes, 'code')}`
  if (isUnknown) return `The model ${name} is being opened.`
  return `The model ${name} turns noise into pictures of ${size}, in ${tokens}. It runs on your own machine; nothing leaves this page.`
}

function showWhere(selector: string, isShown: boolean): void {
  for (const found of document.querySelectorAll<HTMLElement>(selector)) found.hidden = !isShown
}
