import { effect } from '@preact/signals-core'
import { nameEmoji } from '../picture/emoji_names'
import { connection } from './connection'
import { element } from './element'
import { followRemark } from './prompt_remark'

const field = element('negative', HTMLInputElement)
const guidance = element('guidance', HTMLInputElement)
const remark = element('negative-remark', HTMLParagraphElement)
const details = element('leave-out', HTMLDetailsElement)

/** The field for words to leave out. Without guidance they do nothing, which it says. */
export function startNegative(): void {
  function show(warning: string): void {
    const isIdle = field.value.trim() !== '' && Number(guidance.value) === 1
    remark.classList.toggle('warning', isIdle || warning !== '')
    remark.textContent = isIdle
      ? 'Guidance is 1, so they are not left out: it needs another value.'
      : warning || 'Guidance leads away from these words.'
  }

  function update(): void {
    const words = field.value.trim()
    // As when a link fills the form.
    if (words !== '') details.open = true
    const ignored = connection.value?.tokenizer?.encode(nameEmoji(words)).ignored ?? []
    show(ignored.length > 0 ? `ignored: ${ignored.join(', ')}` : '')
  }
  effect(update)
  for (const input of [field, guidance]) input.addEventListener('input', update)
  followRemark(field, show)
}
