import { splitWords, type WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { complete, wordAtEnd } from '../picture/words'
import { element } from './element'
import { onKey } from './keys'

const MAX_COMPLETIONS = 8

const input = element('prompt', HTMLInputElement)
const list = element('completions', HTMLDivElement)
const examples = element('examples', HTMLUListElement)
const ignored = element('ignored', HTMLElement)

/** Offers completions of the word that is being typed, and shows which words the model ignores. */
export function startCompletion(tokenizer: WordTokenizer): void {
  let activeIndex = -1

  const typedWord = () => wordAtEnd(input.value.slice(0, input.selectionStart ?? 0))
  const options = () => [...list.children] as HTMLElement[]

  function activate(index: number): void {
    activeIndex = index
    for (const [i, option] of options().entries()) option.ariaSelected = String(i === index)
    const option = options()[index]
    option?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    if (option) input.setAttribute('aria-activedescendant', option.id)
    else input.removeAttribute('aria-activedescendant')
  }

  /** The examples are shown while there are no completions, so that Tab leads to them. */
  function show(words: string[]): void {
    list.replaceChildren(...words.map((word, i) => optionFor(word, i)))
    const isOpen = words.length > 0
    list.hidden = !isOpen
    examples.hidden = isOpen
    input.ariaExpanded = String(isOpen)
    activate(-1)
  }

  function optionFor(word: string, index: number): HTMLDivElement {
    const option = document.createElement('div')
    option.id = `completion-${index}`
    option.role = 'option'
    option.textContent = word
    // The default of pointerdown takes the focus from the input, which hides the list.
    option.addEventListener('pointerdown', (event) => event.preventDefault())
    option.addEventListener('click', () => accept(word))
    return option
  }

  function accept(word: string): void {
    const end = input.selectionStart ?? 0
    input.setRangeText(`${word} `, end - typedWord().length, end, 'end')
    update()
  }

  function update(): void {
    const [prefix = ''] = splitWords(typedWord())
    const canComplete = document.activeElement === input && prefix.length > 1
    const words = canComplete ? complete(prefix, tokenizer.words, MAX_COMPLETIONS) : []
    show(words)
    const unfinished = words.length > 0 ? prefix : ''
    const ignoredWords = tokenizer.encode(input.value).ignored.filter((word) => word !== unfinished)
    ignored.textContent = ignoredWords.length > 0 ? `ignored: ${ignoredWords.join(', ')}` : ''
  }

  input.addEventListener('input', update)
  input.addEventListener('focus', update)
  input.addEventListener('blur', update)
  onKey(input, (event) => {
    const count = options().length
    if (count === 0) return
    if (event.key === 'ArrowDown') activate((activeIndex + 1) % count)
    else if (event.key === 'ArrowUp') activate(activeIndex <= 0 ? count - 1 : activeIndex - 1)
    else if (event.key === 'Escape') show([])
    else if (event.key === 'Tab') {
      // Before the browser looks for the next element.
      show([])
      return
    } else if (event.key === 'Enter' && activeIndex >= 0) accept(options()[activeIndex]!.textContent!)
    else return
    event.preventDefault()
  })
  update()
}
