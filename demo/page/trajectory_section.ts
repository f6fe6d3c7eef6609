import { effect, untracked } from '@preact/signals-core'
import { fileNameOf, titleOf } from '../picture/titles'
import { Trajectory } from '../trajectory/trajectory'
import { TrajectoryView } from '../trajectory/view'
import { connect } from './connection'
import { element } from './element'
import { complain } from './messages'
import { busy, selectedPicture, selectedPrint, sheet } from './state'

/**
 * Winds the picture that is seen large back to noise. There from the first step on, so that nothing jumps at the last;
 * gone after a stop, when there will be no last one.
 */
export function startRewind(): void {
  const section = element('rewind', HTMLElement)

  const view = new TrajectoryView(element('trajectory', HTMLElement), {
    async decode(tokens) {
      // The last moment is the picture itself, which is here already.
      const [picture, shown] = [selectedPicture.peek(), selectedPrint.peek()?.bitmap.peek()]
      if (shown && picture?.tokens.every((token, cell) => token === tokens[cell])) return createImageBitmap(shown)
      const { studio } = await connect()
      const [bitmap] = await studio.decode([tokens])
      return bitmap!
    },
    async exportGif(frames, options) {
      const { studio } = await connect()
      return studio.exportGif(frames, options)
    },
    onError: complain,
  })

  effect(() => {
    const { course, selected } = sheet.value
    const finishes = selectedPicture.value !== undefined || busy.value
    section.hidden = course === undefined || selected.value === undefined || !finishes
  })

  effect(() => {
    const { course, selected } = sheet.value
    const index = selected.value
    const picture = selectedPicture.value
    untracked(() => {
      if (course === undefined || index === undefined || picture === undefined) return view.clear()
      const { frames, expectation } = course
      const names = { title: titleOf(picture.settings), fileName: fileNameOf(picture.settings) }
      view.show(Trajectory.from(frames, index, expectation.timesteps.length), names, expectation)
    })
  })
}
