import { element } from './element'
import { RANGES, readNumber, type Settings, STYLES, type Style } from './settings'

type NumberName = keyof typeof RANGES

const prompt = element('prompt', HTMLInputElement)
const style = element('style', HTMLSelectElement)
const numbers: Record<NumberName, HTMLInputElement> = {
  steps: element('steps', HTMLInputElement),
  guidance: element('guidance', HTMLInputElement),
  seed: element('seed', HTMLInputElement),
}
const generate = element('generate', HTMLButtonElement)
const stop = element('stop', HTMLButtonElement)

for (const [value, label] of Object.entries(STYLES)) style.add(new Option(label, value))

for (const [name, input] of Object.entries(numbers) as [NumberName, HTMLInputElement][]) {
  input.min = String(RANGES[name].min)
  input.max = String(RANGES[name].max)
  input.addEventListener('change', () => {
    input.value = String(readNumber(name, input.value))
  })
}

element('dice', HTMLButtonElement).addEventListener('click', () => {
  numbers.seed.value = String(Math.floor(Math.random() * 1e6))
})

export function fillForm(settings: Settings): void {
  prompt.value = settings.prompt
  prompt.dispatchEvent(new Event('input'))
  style.value = settings.style
  for (const [name, input] of Object.entries(numbers)) input.value = String(settings[name as NumberName])
}

export function readForm(): Settings {
  return {
    prompt: prompt.value.trim(),
    style: style.value as Style,
    steps: readNumber('steps', numbers.steps.value),
    guidance: readNumber('guidance', numbers.guidance.value),
    seed: readNumber('seed', numbers.seed.value),
  }
}

/** While a picture is asked for there is something to stop and nothing to generate. */
export function setBusy(busy: boolean): void {
  const focused = document.activeElement
  generate.disabled = busy
  stop.disabled = !busy
  // A disabled button loses the focus; whoever pressed it with the keyboard stays beside it.
  if (focused === generate && busy) stop.focus()
  if (focused === stop && !busy) generate.focus()
}
