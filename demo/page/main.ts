import { readSettings } from '../picture/settings'
import { readShareLink } from '../picture/share_link'
import { startActions } from './actions'
import { startBrush } from './brush'
import { connect, fail } from './connection'
import { drawFromForm } from './draw'
import { element } from './element'
import { startEngineRoom } from './engine_room'
import { showExamples } from './examples'
import { startExplainSection } from './explain_section'
import { startFileInput } from './file_input'
import { fillForm, readForm } from './form'
import { onSubmit } from './keys'
import { sayError } from './messages'
import { startNegative } from './negative'
import { requestNext, startNextRequests } from './next_request'
import { openPicture } from './open_picture'
import { placeholderSettings } from './placeholder'
import { startQuality } from './quality'
import { startSaving } from './saving'
import { startSource } from './source'
import { startStage } from './stage'
import { brushing, source } from './state'
import { startStopButton } from './stop_button'
import { startTrajectorySection } from './trajectory_section'
import { startUndo } from './undo'
import { startUpdates } from './update'
import { startWall } from './wall'

startStage()
startActions()
startSaving()
startBrush()
startSource()
startQuality()
startFileInput()
startUndo()
startStopButton()
startExplainSection()
startTrajectorySection()
startEngineRoom()
startUpdates()
startNextRequests()
startNegative()

onSubmit(element('form', HTMLFormElement), drawFromForm)
element('repaint', HTMLButtonElement).addEventListener('click', () => drawFromForm())
showExamples((prompt, style) =>
  requestNext(prompt, () => {
    brushing.value = false
    source.value = undefined
    fillForm({ ...readForm(), prompt, style })
    drawFromForm()
  }),
)

/** Fills the form from the address, then opens the picture of a share link, draws (`auto=1`), or only loads the model. */
async function followAddress(): Promise<void> {
  const query = new URLSearchParams(location.search)
  // An empty prompt in the address is kept: it draws anything.
  const settings = query.has('prompt')
    ? query
    : new URLSearchParams({ ...placeholderSettings, ...Object.fromEntries(query) })
  fillForm(readSettings(settings))
  try {
    const shared = readShareLink(new URL(location.href))
    if (shared) await openPicture(shared.picture, shared.remark)
    else if (query.get('auto') === '1') await drawFromForm()
    else {
      // Without the wall the stage stays empty, and nothing else is missing.
      startWall().catch(() => {})
      await connect()
    }
  } catch (error) {
    await connect()
    sayError((error as Error).message)
  }
}

window.addEventListener('hashchange', () => requestNext('the link', () => followAddress().catch(fail)))
followAddress().catch(fail)
