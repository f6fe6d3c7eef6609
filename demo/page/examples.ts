import type { Style } from '../picture/settings'
import { element } from './element'

/** Prompts of the model card that the model draws well. */
const EXAMPLES: [prompt: string, style: Style][] = [
  ['red heart', '3d'],
  ['green apple', 'noto'],
  ['panda', 'noto'],
  ['butterfly', '3d'],
  ['thumbs up', 'flat'],
  ['ghost', 'blob'],
  ['purple heart', 'flat'],
]

/** Shows a button for each example. */
export function showExamples(onChosen: (prompt: string, style: Style) => void): void {
  element('examples', HTMLUListElement).replaceChildren(
    ...EXAMPLES.map(([prompt, style]) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = prompt
      button.addEventListener('click', () => onChosen(prompt, style))
      const item = document.createElement('li')
      item.append(button)
      return item
    }),
  )
}
