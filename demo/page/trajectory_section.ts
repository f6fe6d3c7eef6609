import { effect, untracked } from '@preact/signals-core'
import { proxy } from 'comlink'
import { sameTokens } from '../picture/picture'
import { fileNameOf, titleOf } from '../picture/titles'
import { Trajectory } from '../trajectory/trajectory'
import { TrajectoryView } from '../trajectory/view'
import { connect } from './connection'
import { element } from './element'
import { sayError } from './messages'
import { model } from './model'
import { selectedItem, selectedPicture } from './state'

/**
 * Shows the trajectory of the picture that is shown large. The section is visible from the first step on, so that nothing
 * moves at the end.
 */
export function startTrajectorySection(): void {
  const section = element('trajectory-section', HTMLElement)

  const view = new TrajectoryView(element('trajectory', HTMLElement), {
    async decode(tokens) {
      // The last snapshot is the finished picture, which needs no decoding.
      const [picture, bitmap] = [selectedPicture.peek(), selectedItem.peek()?.bitmap.peek()]
      if (bitmap && picture && sameTokens(picture.tokens, tokens)) return createImageBitmap(bitmap)
      const { studio } = await connect()
      const [decoded] = await studio.decode([tokens])
      return decoded!
    },
    async exportGif(frames, options, onProgress, signal) {
      const { studio } = await connect()
      signal.throwIfAborted()
      // The worker looks at it between two runs of the decoder.
      const stopped = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          studio.stopGif()
          reject(signal.reason)
        })
      })
      return Promise.race([stopped, studio.exportGif(frames, options, proxy(onProgress))])
    },
    onError: sayError,
  })

  effect(() => {
    section.hidden = selectedItem.value?.record === undefined
  })

  effect(() => {
    const record = selectedItem.value?.record
    const picture = selectedPicture.value
    untracked(() => {
      if (record === undefined || picture === undefined) return view.clear()
      const { frames, index, expectation } = record
      const { settings, unfinished } = picture
      const name = {
        title: titleOf(settings),
        fileName: fileNameOf(settings, unfinished),
        picture: model.peek().picture,
      }
      view.show(Trajectory.from(frames, index, picture.grid, expectation.timesteps.length), name, expectation)
    })
  })
}
