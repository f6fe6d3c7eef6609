import { effect, untracked } from '@preact/signals-core'
import { ExplainView } from '../explain/view'
import { Trajectory } from '../trajectory/trajectory'
import { element } from './element'
import { announce } from './messages'
import { process } from './model'
import { busy, selectedItem, selectedPicture } from './state'

/**
 * Explains the picture that is shown large, if its drawing followed the posterior and recorded its steps. Like the
 * trajectory, the section is there from the first step on, and hidden after a stop.
 */
export function startExplainSection(): void {
  const section = element('explain-section', HTMLElement)
  const view = new ExplainView(element('explain', HTMLElement), {
    announce,
    routeTable: (step) => process.peek().routeTable(step),
  })

  effect(() => {
    const isStopped = selectedPicture.value === undefined ? !busy.value : selectedPicture.value.unfinished
    section.hidden = !selectedItem.value?.record?.isExplainable || isStopped === true
  })

  effect(() => {
    const record = selectedItem.value?.record
    const picture = selectedPicture.value
    const bitmap = selectedItem.value?.bitmap.value
    untracked(() => {
      if (!record?.isExplainable || picture === undefined || bitmap === undefined) return view.clear()
      const { frames, index, expectation } = record
      const trajectory = Trajectory.from(frames, index, picture.grid, expectation.timesteps.length)
      view.show(trajectory, { tokens: picture.tokens, grid: picture.grid, bitmap }, picture.origin)
    })
  })
}
