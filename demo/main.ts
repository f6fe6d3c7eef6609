import { proxy } from 'comlink'
import { assistPrompt } from './completion'
import { element } from './element'
import { showExamples } from './examples'
import { fillForm, readForm, setBusy } from './form'
import { duration, showBackend, showDownload, showProgress, showState } from './readout'
import { readBackendChoice, readSettings, type Settings, STYLES, writeSettings } from './settings'
import { Stage } from './stage'
import { type OpenStudio, openStudio } from './studio'
import { splitWords, type Tokenizer } from './tokenizer'
import { loadTokenizer } from './vocabulary'
import type { DrawingEvent, Picture } from './worker/studio'

const query = new URLSearchParams(location.search)
const stage = new Stage(element('canvas', HTMLCanvasElement), element('cells', HTMLElement))
const save = element('save', HTMLButtonElement)

let tokenizer: Tokenizer | undefined
/** The studio, open or opening; undefined after a failure, so that the next picture opens another. */
let studio: Promise<OpenStudio> | undefined
/** The picture that is wanted; events of any other are late and are ignored. */
let wanted: Settings | undefined
let drawn: Settings | undefined
/** What Stop does at the moment. */
let interrupt = () => {}

function open(): Promise<OpenStudio> {
  studio ??= prepare()
  return studio
}

async function prepare(): Promise<OpenStudio> {
  showState('loading')
  if (tokenizer === undefined) {
    tokenizer = await loadTokenizer()
    assistPrompt(tokenizer)
  }
  const opened = await openStudio(readBackendChoice(query), showDownload)
  opened.failure.catch(fail)
  showBackend(opened.backend)
  showProgress(0, 'Type a few words, then Generate.')
  showState('ready')
  return opened
}

function fail(error: Error): void {
  studio?.then((failed) => failed.close()).catch(() => {})
  studio = undefined
  setWanted(undefined)
  showProgress(0, '')
  showState('error', error.message)
}

function setWanted(settings: Settings | undefined): void {
  wanted = settings
  setBusy(settings !== undefined)
}

async function generate(): Promise<void> {
  if (wanted !== undefined) return
  const settings = readForm()
  const isWanted = () => wanted === settings
  setWanted(settings)
  interrupt = () => setWanted(undefined)
  try {
    const { studio, failure } = await open()
    if (!isWanted()) return
    interrupt = () => studio.stop()
    const begun = performance.now()
    stage.clear(`${title(settings)}, being drawn`)
    save.disabled = true
    showProgress(0, `step 1 of ${settings.steps}`)
    showState('drawing')
    element('progress', HTMLElement).scrollIntoView({ block: 'nearest' })
    const { steps, guidance, seed } = settings
    const text = tokenizer!.encode(settings.prompt, settings.style).ids
    const onEvent = (event: DrawingEvent) => isWanted() && show(event, steps)
    const picture = await Promise.race([failure, studio.draw({ text, steps, guidance, seed }, proxy(onEvent))])
    finish(settings, picture, performance.now() - begun)
  } catch (error) {
    if ((error as Error).name === 'AbortError') showState('stopped')
    else fail(error as Error)
  } finally {
    if (isWanted()) setWanted(undefined)
  }
}

function show(event: DrawingEvent, steps: number): void {
  if (event.kind === 'masked') stage.showMasked(event.masked)
  else if (event.kind === 'preview') stage.showPicture(event.bytes, event.step)
  else
    showProgress(
      (event.step + 1) / steps,
      `step ${event.step + 1} of ${steps} · ${duration(event.milliseconds)} a step`,
    )
}

function finish(settings: Settings, { bytes, stepMilliseconds }: Picture, milliseconds: number): void {
  drawn = settings
  stage.showPicture(bytes, settings.steps)
  stage.finish(title(settings))
  save.disabled = false
  showProgress(1, `${settings.steps} steps · ${duration(stepMilliseconds)} a step · ${duration(milliseconds)} in all`)
  showState('done')
  history.replaceState(null, '', `?${writeSettings(query, settings)}`)
}

function title({ prompt, style }: Settings): string {
  return `${prompt || 'Anything'}, ${STYLES[style]}`
}

element('form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  generate()
})
element('stop', HTMLButtonElement).addEventListener('click', () => interrupt())
save.addEventListener('click', () => {
  if (drawn) stage.save(`${[...splitWords(drawn.prompt), drawn.style, drawn.seed].join('-')}.png`)
})
showExamples((prompt, style) => {
  fillForm({ ...readForm(), prompt, style })
  generate()
})
fillForm(readSettings(query))
if (query.get('auto') === '1') generate()
else open().catch(fail)
