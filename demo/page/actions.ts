import { effect } from '@preact/signals-core'
import { copyPicture, copyText } from '../picture/clipboard'
import type { Picture } from '../picture/picture'
import { savePicture } from '../picture/png_metadata'
import { saveFile } from '../picture/save_file'
import { writeSettings } from '../picture/settings'
import { shareLink } from '../picture/share_link'
import { fileNameOf } from '../picture/titles'
import type { Print } from './batch'
import { make } from './draw'
import { element } from './element'
import { fillForm, readForm, rollSeed } from './form'
import { complain, say } from './messages'
import { busy, selectedPicture, selectedPrint, source, strength } from './state'

/** What can be done with a finished picture that is seen large. */
const actions = { save, copy, share, vary, again: drawAgain }

/** The buttons below the picture. */
export function startActions(): void {
  for (const [id, act] of Object.entries(actions)) {
    const button = element(id, HTMLButtonElement)
    button.addEventListener('click', async () => {
      try {
        await act(selectedPicture.peek()!, selectedPrint.peek()!)
      } catch (error) {
        complain((error as Error).message)
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

async function save(picture: Picture, print: Print): Promise<void> {
  saveFile(await pngOf(picture, print), `${fileNameOf(picture.settings)}.png`)
}

async function copy(picture: Picture, print: Print): Promise<void> {
  await copyPicture(pngOf(picture, print))
  say('The picture is in the clipboard.')
}

/** The link is in the address bar too, for those whose clipboard is closed. */
async function share(picture: Picture): Promise<void> {
  const link = new URL(shareLink(new URL(location.href), picture))
  const query = writeSettings(new URLSearchParams(location.search), { ...readForm(), ...picture.settings, count: 1 })
  history.replaceState(null, '', `?${query}${link.hash}`)
  await copyText(link.href)
  say('The link is in the clipboard. It opens this very picture anywhere.')
}

/** Noises the picture and goes on with another seed, under the prompt as it is now. */
async function vary({ tokens }: Picture, print: Print): Promise<void> {
  const base = { tokens, bitmap: print.bitmap.peek()! }
  source.value = { name: 'the picture', ...base }
  rollSeed()
  await make({ settings: readForm(), start: { kind: 'picture', base, strength: strength.peek() } })
}

/** Computes an opened picture from its seed: proof that it is no recording. */
async function drawAgain({ tokens, settings }: Picture): Promise<void> {
  source.value = undefined
  fillForm({ ...readForm(), ...settings, count: 1 })
  if (!(await make({ settings: readForm(), start: { kind: 'noise' } }))) return
  const same = selectedPicture.peek()!.tokens.every((token, cell) => token === tokens[cell])
  say(
    same
      ? 'The same picture again, token for token.'
      : 'Not the same: the one in the link was varied, repainted or drawn by other hardware. Undo brings it back.',
  )
}

async function pngOf(picture: Picture, { bitmap }: Print): Promise<Blob> {
  const image = bitmap.peek()!
  const canvas = new OffscreenCanvas(image.width, image.height)
  canvas.getContext('2d')!.drawImage(image, 0, 0)
  return savePicture(await canvas.convertToBlob({ type: 'image/png' }), picture)
}
