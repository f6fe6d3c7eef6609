import { effect } from '@preact/signals-core'
import { deleteStored, storedBytes } from 'vq-diffusion-webgpu/onnx'
import { EngineRoomView } from '../engine_room/view'
import type { EngineName } from '../worker/protocol'
import { connection, fail, switchEngine } from './connection'
import { element } from './element'
import { announce, sayError } from './messages'
import { busy, lastResult, latestFrame } from './state'

const choices = element('engine', HTMLFieldSetElement)
const webgpuChoice = choices.querySelector<HTMLInputElement>('[value=webgpu]')!
const refusal = element('webgpu-refusal', HTMLElement)

const view = new EngineRoomView(element('engine-facts', HTMLElement), {
  async deleteStored() {
    try {
      await deleteStored()
      announce('The stored model is deleted.')
    } catch {
      sayError('The browser did not delete what is stored. Its own settings can.')
    }
    await showStored()
  },
})

async function showStored(): Promise<void> {
  view.showStored(await storedBytes().catch(() => undefined))
}

async function showFacts(): Promise<void> {
  const facts = await connection.peek()?.studio.facts()
  if (facts) view.showFacts(facts)
}

/** The engine room: its facts and figures, and the choice of the engine. */
export function startEngineRoom(): void {
  choices.addEventListener('change', (event) => {
    switchEngine((event.target as HTMLInputElement).value as EngineName).catch(fail)
  })

  effect(() => {
    choices.disabled = busy.value || connection.value === undefined
  })
  effect(() => {
    if (connection.value === undefined) return
    const { engine, adapter, explanation } = connection.value.backend
    // There is no adapter, or it gives no device.
    webgpuChoice.disabled = adapter === ''
    refusal.textContent = webgpuChoice.disabled ? explanation : ''
    for (const choice of choices.querySelectorAll('input')) choice.checked = choice.value === engine
    // If the worker fails meanwhile, `fail` shows the error.
    showFacts().catch(() => {})
    showStored()
  })
  effect(() => {
    if (latestFrame.value) view.showFrame(latestFrame.value)
  })
  effect(() => {
    if (lastResult.value === undefined) return
    view.showResult(lastResult.value)
    showFacts().catch(() => {})
  })
}
