import { startActions } from './actions'
import { startBrush } from './brush'
import { connect, fail } from './connection'
import { element } from './element'
import { showExamples } from './examples'
import { fillForm, readForm } from './form'
import { generate } from './generate'
import { restingRequest } from './heart'
import { startEngineRoom } from './machine'
import { openPicture } from './open_picture'
import { complain } from './readout'
import { startReceiving } from './receive'
import { startRenewal } from './renew'
import { startRewind } from './rewind'
import { readSettings } from './settings'
import { readShareLink } from './share'
import { startSource } from './source'
import { startStage } from './stage'
import { brushing, source } from './state'
import { startStop } from './stop'
import { startUndo } from './undo'

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
