/** Keys that an input method takes while it composes a word (Enter, Escape, arrows, shortcuts) are none of the page's. */

/** Listens to the keys that are pressed in `target`, but for those of an input method. */
export function onKey(target: HTMLElement | Document, listener: (event: KeyboardEvent) => void): void {
  // An element or a document: TypeScript has no common overload of the two.
  target.addEventListener('keydown', (event) => {
    if (!isComposing(event as KeyboardEvent)) listener(event as KeyboardEvent)
  })
}

/** Listens to the button that submits the form. */
export function onSubmit(form: HTMLFormElement, listener: () => void): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    listener()
  })
}

/** Listens to Enter in the form's fields, also while its button is disabled, but for an Enter of an input method. */
export function onEnter(form: HTMLFormElement, listener: () => void): void {
  form.addEventListener('keypress', (event) => {
    if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return
    // Instead of the form's submission.
    event.preventDefault()
    if (!isComposing(event)) listener()
  })
}

/** Safari ends the composition before the key that ends it, which then has the key code 229. */
function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229
}
