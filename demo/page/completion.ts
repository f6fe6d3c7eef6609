import { splitWords, type WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { EMOJI_NAMES } from '../picture/emoji_names'
import { type Completion, complete, correct, type Remark, remarkOn, saysSomething } from '../picture/words'
import { element } from './element'
import { onKey } from './keys'
import { announce } from './messages'
import { model } from './model'

const MAX_COMPLETIONS = 8

const input = element('prompt', HTMLInputElement)
const list = element('completions', HTMLDivElement)
const examples = element('examples', HTMLUListElement)
const ignored = element('ignored', HTMLElement)

/** Offers names and words for what is being typed, and shows which words the model ignores. */
export function startCompletion(tokenizer: WordTokenizer): void {
  let activeIndex = -1
  let completions: readonly Completion[] = []

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
  function show(offered: readonly Completion[]): void {
    completions = offered
    list.replaceChildren(...offered.map((completion, i) => optionFor(completion, i)))
    const isOpen = offered.length > 0
    list.hidden = !isOpen
    examples.hidden = isOpen
    if (model.peek().isStickers) input.ariaExpanded = String(isOpen)
    activate(-1)
  }

  function optionFor(completion: Completion, index: number): HTMLDivElement {
    const option = document.createElement('div')
    option.id = `completion-${index}`
    option.role = 'option'
    option.textContent = completion.text
    // The default of pointerdown takes the focus from the input, which hides the list.
    option.addEventListener('pointerdown', (event) => event.preventDefault())
    option.addEventListener('click', () => accept(completion))
    return option
  }

  function accept({ text, start, end }: Completion): void {
    const space = input.value[end] === ' ' ? '' : ' '
    input.setRangeText(`${text}${space}`, start, end, 'end')
    update()
  }

  function update(): void {
    if (!model.peek().isStickers) {
      show([])
      return
    }
    const isFocused = document.activeElement === input
    const typed = input.value.slice(0, input.selectionStart ?? 0)
    const ends = isFocused ? complete(typed, EMOJI_NAMES, tokenizer.words, MAX_COMPLETIONS) : []
    show(ends.length > 0 || !isFocused ? ends : correct(input.value, EMOJI_NAMES, tokenizer, MAX_COMPLETIONS))
    const unfinished = ends.length > 0 ? splitWords(typed).at(-1) : ''
    showRemark(remarkOn(input.value, tokenizer, unfinished))
    input.ariaInvalid = String(unfinished === '' && !saysSomething(input.value, tokenizer))
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
    } else if (event.key === 'Enter' && activeIndex >= 0) accept(completions[activeIndex]!)
    else return
    event.preventDefault()
  })
  update()
}

function showRemark({ text, warns }: Remark): void {
  ignored.textContent = text
  ignored.title = text
  ignored.classList.toggle('quiet', !warns)
}

/** Says at the prompt that it says nothing, and what may be meant. */
export function refusePrompt(prompt: string, tokenizer: WordTokenizer): void {
  const remark = remarkOn(prompt, tokenizer)
  input.focus()
  input.ariaInvalid = 'true'
  showRemark(remark)
  announce(remark.text)
}
