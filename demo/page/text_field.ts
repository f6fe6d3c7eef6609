/** Input elements without text. */
const TEXTLESS = ['range', 'checkbox', 'radio', 'file']

/** Whether this is a field that text can be typed into. */
export function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && !target.disabled && !TEXTLESS.includes(target.type)
}
