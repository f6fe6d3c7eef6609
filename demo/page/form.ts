import { effect, signal } from '@preact/signals-core'
import {
  METHODS,
  type NumberName,
  type PageSettings,
  type PictureSettings,
  rangesOf,
  readName,
  readNumber,
  SPACINGS,
} from '../picture/settings'
import { element } from './element'
import { model } from './model'
import { busy, formSettings, source } from './state'
import { readStyle, showStyle } from './style_field'

const prompt = element('prompt', HTMLInputElement)
const negative = element('negative', HTMLInputElement)
const selects = {
  method: { select: element('method', HTMLSelectElement), options: METHODS },
  spacing: { select: element('spacing', HTMLSelectElement), options: SPACINGS },
}
const numbers: Record<NumberName, HTMLInputElement> = {
  steps: element('steps', HTMLInputElement),
  guidance: element('guidance', HTMLInputElement),
  guidedFrom: element('guided-from', HTMLInputElement),
  guidedTo: element('guided-to', HTMLInputElement),
  seed: element('seed', HTMLInputElement),
  count: element('count', HTMLInputElement),
  truncation: element('truncation', HTMLInputElement),
  priorWeight: element('prior-weight', HTMLInputElement),
  classLabel: element('class-label', HTMLInputElement),
}
const livePreviewCheckbox = element('live-preview', HTMLInputElement)
const generate = element('generate', HTMLButtonElement)
const lock = element('seed-lock', HTMLButtonElement)

/** Whether every drawing takes the seed of the form. */
export const seedLocked = signal(false)
/** Whether a picture was drawn from the seed of the form, so that the next one needs another. */
export const seedSpent = signal(false)

for (const { select, options } of Object.values(selects)) {
  for (const [value, label] of Object.entries(options)) select.add(new Option(label, value))
}

for (const [name, input] of Object.entries(numbers) as [NumberName, HTMLInputElement][]) {
  effect(() => {
    const { min, max } = rangesOf(model.value)[name]
    input.min = String(min)
    input.max = String(max)
  })
  input.addEventListener('change', () => {
    input.value = String(readField(name))
  })
}

function readField(name: NumberName): number {
  return readNumber(name, numbers[name].value, model.peek())
}

export function fillForm(settings: PageSettings): void {
  prompt.value = settings.prompt
  prompt.dispatchEvent(new Event('input'))
  negative.value = settings.negative
  showStyle(settings.style)
  fillFields(settings)
  negative.dispatchEvent(new Event('input'))
}

/** Fills in these settings. */
export function fillFields(settings: Partial<Omit<PageSettings, 'prompt' | 'negative' | 'style'>>): void {
  for (const [name, { select }] of Object.entries(selects))
    select.value = settings[name as keyof typeof selects] ?? select.value
  for (const [name, input] of Object.entries(numbers)) input.value = String(settings[name as NumberName] ?? input.value)
  enableMethodSettings()
  followForm()
}

export function readForm(): PageSettings {
  const { isStickers, condition } = model.peek()
  const guidedFrom = readField('guidedFrom')
  return {
    prompt: condition === 'text' ? prompt.value.trim() : '',
    negative: condition === 'text' ? negative.value.trim() : '',
    ...(isStickers && { style: readStyle() }),
    ...(condition === 'class' && { classLabel: readField('classLabel') }),
    method: readName(METHODS, selects.method.select.value),
    spacing: readName(SPACINGS, selects.spacing.select.value),
    steps: readField('steps'),
    guidance: readField('guidance'),
    guidedFrom,
    guidedTo: Math.max(guidedFrom, readField('guidedTo')),
    seed: readField('seed'),
    count: readField('count'),
    truncation: readField('truncation'),
    priorWeight: readField('priorWeight'),
  }
}

export function livePreview(): boolean {
  return livePreviewCheckbox.checked
}

/** The settings of the form for the next drawing: with another seed if the seed is spent, unless it is locked. */
export function takeForm(): PageSettings {
  if (seedSpent.peek() && !seedLocked.peek()) numbers.seed.value = String(anotherSeed())
  return readForm()
}

/** A seed that is not that of the form. */
export function anotherSeed(): number {
  const seed = Math.floor(Math.random() * 1e6)
  return seed === readForm().seed ? anotherSeed() : seed
}

/** Fills the form with what a picture on the stage was drawn with; a locked seed stays. */
export function fillFormFor(settings: PictureSettings, count = readForm().count): void {
  const seed = seedLocked.peek() ? readForm().seed : settings.seed
  fillForm({ ...settings, seed, count })
  seedSpent.value = true
}

/** Purity sampling has a prior weight and no truncation; the posterior method has truncation and no prior weight. */
function enableMethodSettings(): void {
  const purity = selects.method.select.value === 'purity'
  numbers.priorWeight.disabled = !purity
  numbers.truncation.disabled = purity
}

function followForm(): void {
  formSettings.value = readForm()
}

selects.method.select.addEventListener('change', enableMethodSettings)
for (const field of [...Object.values(numbers), ...Object.values(selects).map(({ select }) => select)])
  field.addEventListener('input', followForm)
element('style', HTMLFieldSetElement).addEventListener('input', followForm)
for (const field of [numbers.guidedFrom, numbers.guidedTo])
  field.addEventListener('change', () => {
    numbers.guidedTo.value = String(readForm().guidedTo)
  })
numbers.seed.addEventListener('input', () => {
  seedSpent.value = false
})
lock.addEventListener('click', () => {
  seedLocked.value = !seedLocked.peek()
})
effect(() => {
  lock.ariaPressed = String(seedLocked.value)
  lock.title = seedLocked.value ? 'Every drawing takes this seed' : 'Keep this seed: now each drawing takes a new one'
  numbers.seed.classList.toggle('spent', seedSpent.value && !seedLocked.value)
})

effect(() => {
  generate.disabled = busy.value
  generate.textContent = source.value ? 'Draw from this picture' : 'Generate'
})
