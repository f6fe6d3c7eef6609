import { effect } from '@preact/signals-core'
import { connection } from './connection'
import { element } from './element'
import { model } from './model'

const prompt = element('prompt', HTMLInputElement)
const remark = element('ignored', HTMLElement)

/**
 * Keeps asking the worker what a model of a folder does not see of the words in a field, and has it shown. Answers that are
 * late are left out.
 */
export function followRemark(field: HTMLInputElement, show: (sentence: string) => void): void {
  let latest = ''
  const update = async () => {
    const opened = connection.peek()
    if (model.peek().isStickers || opened === undefined) return
    const words = field.value
    latest = words
    // If the worker fails meanwhile, `fail` shows the error.
    const sentence = await opened.studio.remark(words).catch(() => '')
    if (latest === words && !model.peek().isStickers) show(sentence)
  }
  field.addEventListener('input', update)
  effect(() => {
    if (connection.value) update()
  })
}

/** Says of the prompt of another model than the stickers' what is left out of it. */
export function startPromptRemark(): void {
  followRemark(prompt, (sentence) => {
    remark.textContent = sentence
    remark.title = sentence
    remark.classList.remove('quiet')
    prompt.ariaInvalid = 'false'
  })
}
