import { effect } from '@preact/signals-core'
import { EngineRoom } from '../engine_room/view'
import type { Engine } from '../picture/settings'
import { deleteStored, storedBytes } from '../store/stored_model'
import { announce } from './announce'
import { connection, fail, switchEngine } from './connection'
import { element } from './element'
import { complain } from './messages'
import { busy, lastDrawn, latestFrame } from './state'

const choices = element('engine', HTMLFieldSetElement)

const room = new EngineRoom(element('engine-facts', HTMLElement), {
  async deleteStored() {
    try {
      await deleteStored()
      announce('The stored model is deleted.')
    } catch {
      complain('The browser did not delete what is stored. Its own settings can.')
    }
    await countStored()
  },
})

async function countStored(): Promise<void> {
  room.showStored(await storedBytes().catch(() => undefined))
}

async function showFacts(): Promise<void> {
  const facts = await connection.peek()?.studio.facts()
  if (facts) room.showFacts(facts)
}

/** What the engine room shows, and its switch between engines. */
export function startEngineRoom(): void {
  choices.addEventListener('change', (event) => {
    switchEngine((event.target as HTMLInputElement).value as Engine).catch(fail)
  })

  effect(() => {
    choices.disabled = busy.value || connection.value === undefined
  })
  effect(() => {
    if (connection.value === undefined) return
    const { engine } = connection.value.backend
    for (const choice of choices.querySelectorAll('input')) choice.checked = choice.value === engine
    // The worker may go while it is asked; whoever opened it says so.
    showFacts().catch(() => {})
    countStored()
  })
  effect(() => {
    if (latestFrame.value) room.showFrame(latestFrame.value)
  })
  effect(() => {
    if (lastDrawn.value === undefined) return
    room.showDrawn(lastDrawn.value)
    showFacts().catch(() => {})
  })
}
