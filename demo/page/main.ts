import { effect, untracked } from '@preact/signals-core'
import { type PageSettings, readSettings } from '../picture/settings'
import { MODEL_PARAMETER, readShareLink } from '../picture/share_link'
import { titleOf } from '../picture/titles'
import { startActions } from './actions'
import { startBackgroundButton } from './background_button'
import { adoptEntry, isAddressDrawn, isKnownEntry, startBrowserHistory } from './browser_history'
import { startBrush } from './brush'
import { startComparison } from './compare'
import { connect, fail, MODEL_ROOT } from './connection'
import { startContinueButton } from './continue_button'
import { drawFromForm, repaint } from './draw'
import { element } from './element'
import { startEngineRoom } from './engine_room'
import { startEstimate } from './estimate'
import { showExamples } from './examples'
import { startExplainSection } from './explain_section'
import { startFileInput } from './file_input'
import { startFolds } from './folds'
import { showAgain, startFollowing } from './follow'
import { fillForm, readForm, seedSpent } from './form'
import { startHelp } from './help'
import { startKeeping } from './kept_pictures'
import { onEnter, onSubmit } from './keys'
import { announce, sayError } from './messages'
import { model, unknownModel } from './model'
import { startModelSection } from './model_section'
import { startNegative } from './negative'
import { requestNext, startNextRequests } from './next_request'
import { startFolderInput } from './open_folder'
import { openPicture } from './open_picture'
import { placeholderSettings } from './placeholder'
import { startPromptRemark } from './prompt_remark'
import { startQuality } from './quality'
import { startSaving } from './saving'
import { startSource } from './source'
import { startStage } from './stage'
import { brushing, busy, changeModel, source, waitingForModel } from './state'
import { startStopButton } from './stop_button'
import { startStrip } from './strip'
import { startSurest } from './surest'
import { startTabTitle } from './tab_title'
import { startTrajectorySection } from './trajectory_section'
import { startUndo } from './undo'
import { startUpdates } from './update'
import { startWall } from './wall'

startModelSection()
startFolds()
startStage()
startActions()
startBackgroundButton()
startSaving()
startBrush()
startSource()
startQuality()
startFileInput()
startUndo()
startStopButton()
startExplainSection()
startTrajectorySection()
startComparison()
startTabTitle()
startEngineRoom()
startHelp()
startUpdates()
startNextRequests()
startNegative()
startPromptRemark()
startFolderInput()
startBrowserHistory(({ batch, selected }) => showAgain(batch, selected))
startFollowing()
startContinueButton()
startEstimate()
startKeeping()
startStrip()
startSurest()

onSubmit(element('form', HTMLFormElement), generate)
onEnter(element('form', HTMLFormElement), () => {
  if (brushing.peek()) repaint()
  else drawNext(readForm())
})
element('repaint', HTMLButtonElement).addEventListener('click', () => repaint())
showExamples((prompt, style) =>
  requestNext(prompt, () => {
    brushing.value = false
    source.value = undefined
    fillForm({ ...readForm(), prompt, style })
    drawFromForm()
  }),
)

/** Draws now, or what was asked for after what is drawn now. */
function drawNext(settings: PageSettings): void {
  const isNow = !busy.peek()
  const { isUnknown } = model.peek()
  requestNext(titleOf(settings), () => {
    if (!isNow && !isUnknown) fillForm(settings)
    generate()
  })
}

/** Draws what the form says. Of a model that is being opened the settings are not known: then it draws what the address says. */
async function generate(): Promise<void> {
  if (model.peek().isUnknown) {
    if (waitingForModel.peek() !== undefined) return
    waitingForModel.value = 'A picture'
    announce('A picture: drawn as soon as the model is loaded.')
    try {
      await connect()
    } catch (error) {
      fail(error as Error)
      return
    } finally {
      waitingForModel.value = undefined
    }
    if (busy.peek()) return
    fillFromAddress(new URLSearchParams(location.search))
  }
  await drawFromForm()
}

/** Fills the form with the settings of an address, and says whether its seed was drawn from before. */
function fillFromAddress(query: URLSearchParams): void {
  // An empty prompt in the address is kept: it draws anything.
  const settings =
    query.has('prompt') || !model.peek().isStickers
      ? query
      : new URLSearchParams({ ...placeholderSettings, ...Object.fromEntries(query) })
  fillForm(readSettings(settings, model.peek()))
  seedSpent.value = isAddressDrawn() && query.get('auto') !== '1'
}

/** Fills the form from the address, then opens the picture of a share link, draws (`auto=1`), or only loads the model. */
async function followAddress(): Promise<void> {
  adoptEntry()
  const query = new URLSearchParams(location.search)
  // How it is asked, and what for, is in its folder.
  if (!model.peek().isStickers) await connect()
  fillFromAddress(query)
  try {
    const shared = readShareLink(new URL(location.href), model.peek())
    if (shared) await openPicture(shared.picture, shared.remark, (open) => open())
    else if (query.get('auto') === '1') await drawFromForm()
    else {
      // Without the wall the stage stays empty, and nothing else is missing.
      if (model.peek().isStickers) startWall().catch(() => {})
      await connect()
    }
  } catch (error) {
    await connect()
    sayError((error as Error).message)
  }
}

/** Another model has other settings. */
effect(() => {
  const { value } = model
  untracked(() => fillForm(readSettings(new URLSearchParams(), value)))
})
const address = new URLSearchParams(location.search).get(MODEL_PARAMETER)
if (address && new URL(address, document.baseURI).href !== MODEL_ROOT) changeModel(unknownModel(address))

window.addEventListener('hashchange', () => {
  if (!isKnownEntry()) requestNext('the link', () => followAddress().catch(fail))
})
followAddress().catch(fail)
