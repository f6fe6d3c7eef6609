import { effect } from '@preact/signals-core'
import { copyLink } from '../picture/clipboard'
import { type Picture, sameTokens } from '../picture/picture'
import { writeSettings } from '../picture/settings'
import { shareLink } from '../picture/share_link'
import type { BatchItem } from './batch'
import { markDrawn, writeAddress } from './browser_history'
import { draw } from './draw'
import { startPicture } from './drawing_request'
import { element } from './element'
import { anotherSeed, fillFormFor, readForm } from './form'
import { say, sayError } from './messages'
import { model } from './model'
import { busy, selectedItem, selectedPicture, source, strength } from './state'

/** Actions on the finished picture that is shown large, by the id of their button. */
const actions = { share, vary, again: drawAgain }

export function startActions(): void {
  for (const [id, act] of Object.entries(actions)) {
    const button = element(id, HTMLButtonElement)
    button.addEventListener('click', async () => {
      try {
        await act(selectedPicture.peek()!, selectedItem.peek()!)
      } catch (error) {
        sayError((error as Error).message)
      }
    })
    effect(() => {
      button.disabled = busy.value || selectedPicture.value === undefined
    })
  }

  effect(() => {
    element('again', HTMLButtonElement).hidden = busy.value || selectedPicture.value?.origin !== 'opened'
  })
}

/** Writes the link into the address bar too, in case the browser denies access to the clipboard. */
async function share(picture: Picture): Promise<void> {
  const link = new URL(shareLink(new URL(location.href), picture, model.peek()))
  const query = writeSettings(new URLSearchParams(location.search), { ...picture.settings, count: 1 }, model.peek())
  writeAddress(`?${query}${link.hash}`)
  markDrawn()
  await copyLink(link.href)
  say('The link is in the clipboard. It opens this very picture anywhere.')
}

/** Image-to-image from this picture, with another seed and the settings of the form. What the form starts from stays. */
async function vary(varied: Picture, item: BatchItem): Promise<void> {
  const picture = startPicture(varied, item.bitmap.peek()!)
  const settings = { ...readForm(), seed: anotherSeed() }
  fillFormFor(settings)
  await draw({ settings, start: { kind: 'picture', picture, strength: strength.peek() } })
}

/** Draws an opened picture from its seed, and compares the tokens. */
async function drawAgain({ tokens, settings }: Picture): Promise<void> {
  source.value = undefined
  fillFormFor(settings, 1)
  if (
    !(await draw({
      settings: { ...settings, count: 1 },
      start: { kind: 'noise', ...(settings.style && { style: settings.style }) },
    }))
  )
    return
  say(
    sameTokens(selectedPicture.peek()!.tokens, tokens)
      ? 'The same picture again, token for token.'
      : 'Not the same: that one was varied, repainted, stopped early or drawn by other hardware. Undo brings it back.',
  )
}
