import { splitWords, type Tokenizer, wordAtEnd } from '../picture/tokenizer'
import { element } from './element'

const MOST = 8

const input = element('prompt', HTMLInputElement)
const list = element('completions', HTMLDivElement)
const examples = element('examples', HTMLUListElement)
const ignored = element('ignored', HTMLElement)

/** Offers known words for the one being typed, and says which words the model will not see. */
export function assistPrompt(tokenizer: Tokenizer): void {
  let active = -1

  const typed = () => wordAtEnd(input.value.slice(0, input.selectionStart ?? 0))
  const options = () => [...list.children] as HTMLElement[]

  function activate(index: number): void {
    active = index
    for (const [i, option] of options().entries()) option.ariaSelected = String(i === index)
    const option = options()[index]
    option?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    if (option) input.setAttribute('aria-activedescendant', option.id)
    else input.removeAttribute('aria-activedescendant')
  }

  function show(words: string[]): void {
    list.replaceChildren(...words.map((word, i) => optionFor(word, i)))
    const writing = document.activeElement === input && input.value !== ''
    list.hidden = !writing
    examples.hidden = writing
    input.ariaExpanded = String(writing && words.length > 0)
    activate(-1)
  }

  function optionFor(word: string, index: number): HTMLDivElement {
    const option = document.createElement('div')
    option.id = `completion-${index}`
    option.role = 'option'
    option.textContent = word
    // On pointerdown the input would lose the focus, and with it the list.
    option.addEventListener('pointerdown', (event) => event.preventDefault())
    option.addEventListener('click', () => accept(word))
    return option
  }

  function accept(word: string): void {
    const end = input.selectionStart ?? 0
    input.setRangeText(`${word} `, end - typed().length, end, 'end')
    update()
  }

  function update(): void {
    const [start = ''] = splitWords(typed())
    const words = document.activeElement === input && start.length > 1 ? tokenizer.complete(start, MOST) : []
    show(words)
    const unfinished = words.length > 0 ? start : ''
    const unseen = tokenizer.encode(input.value, 'any').ignored.filter((word) => word !== unfinished)
    ignored.textContent = unseen.length > 0 ? `ignored: ${unseen.join(', ')}` : ''
  }

  input.addEventListener('input', update)
  input.addEventListener('focus', update)
  input.addEventListener('blur', update)
  input.addEventListener('keydown', (event) => {
    const count = options().length
    if (count === 0) return
    if (event.key === 'ArrowDown') activate((active + 1) % count)
    else if (event.key === 'ArrowUp') activate(active <= 0 ? count - 1 : active - 1)
    else if (event.key === 'Escape') show([])
    else if (event.key === 'Enter' && active >= 0) accept(options()[active]!.textContent!)
    else return
    event.preventDefault()
  })
  update()
}
