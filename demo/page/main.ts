import { readSettings } from '../picture/settings'
import { readShareLink } from '../picture/share_link'
import { startActions } from './actions'
import { startBrush } from './brush'
import { connect, fail } from './connection'
import { generate } from './draw'
import { element } from './element'
import { startEngineRoom } from './engine_room'
import { showExamples } from './examples'
import { startReceiving } from './file_input'
import { fillForm, readForm } from './form'
import { complain } from './messages'
import { openPicture } from './open_picture'
import { restingRequest } from './placeholder'
import { startSource } from './source'
import { startStage } from './stage'
import { brushing, source } from './state'
import { startStop } from './stop_button'
import { startRewind } from './trajectory_section'
import { startUndo } from './undo'
import { startRenewal } from './update'

startStage()
startActions()
startBrush()
startSource()
startReceiving()
startUndo()
startStop()
startRewind()
startEngineRoom()
startRenewal()

element('form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  generate()
})
element('repaint', HTMLButtonElement).addEventListener('click', () => generate())
showExamples((prompt, style) => {
  brushing.value = false
  source.value = undefined
  fillForm({ ...readForm(), prompt, style })
  generate()
})

/** Does what the address says: opens the picture of a link, or draws at once, or only makes ready to. */
async function followAddress(): Promise<void> {
  const query = new URLSearchParams(location.search)
  // An empty prompt in the address is somebody's wish for anything.
  const asked = query.has('prompt') ? query : new URLSearchParams({ ...restingRequest, ...Object.fromEntries(query) })
  fillForm(readSettings(asked))
  try {
    const shared = readShareLink(new URL(location.href))
    if (shared) await openPicture(shared)
    else if (query.get('auto') === '1') await generate()
    else await connect()
  } catch (error) {
    await connect()
    complain((error as Error).message)
  }
}

window.addEventListener('hashchange', () => followAddress().catch(fail))
followAddress().catch(fail)
