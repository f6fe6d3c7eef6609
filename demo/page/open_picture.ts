import { transfer } from 'comlink'
import { fitPicture, readImage } from '../picture/image_file'
import type { Picture } from '../picture/picture'
import { readPictureFile } from '../picture/png_metadata'
import { otherModelNotice } from '../picture/share_link'
import { titleOf } from '../picture/titles'
import { announce } from './announce'
import { Print, sheetOf } from './batch'
import { type Connection, connect, connection, fail } from './connection'
import { fillForm, readForm } from './form'
import { complain, showProgress, showState, showStateOf } from './messages'
import { busy, finish, sheet, source } from './state'

/** Opens a picture that was saved or shared: with its settings, as it is, without drawing it. */
export async function openPicture(picture: Picture): Promise<void> {
  await whileBusy(async (opened) => {
    await show(picture, titleOf(picture.settings), opened)
    fillForm({ ...readForm(), ...picture.settings, count: 1 })
    showProgress(1, otherModelNotice(picture, opened.facts.modelHash) || 'Here it is, as it was drawn.')
    announce(`Opened: ${titleOf(picture.settings)}.`)
  })
}

/** Opens a file: a PNG that was saved here with its settings, any other picture as one to start from. */
export async function openFile(file: File): Promise<void> {
  let saved: Picture | undefined
  let fitted: ImageBitmap | undefined
  try {
    saved = readPictureFile(await readImage(file))
    if (!saved) fitted = await fitPicture(file)
  } catch (error) {
    complain((error as Error).message)
  }
  if (saved) await openPicture(saved)
  if (fitted) await startFrom(fitted, file.name || 'the picture')
}

/** Has the model read a picture of 128×128; what it makes of it is shown, and Generate starts from there. */
async function startFrom(fitted: ImageBitmap, name: string): Promise<void> {
  await whileBusy(async (opened) => {
    const { studio, failure, facts } = opened
    showProgress(0, 'Reading the picture …')
    const tokens = await Promise.race([failure, studio.encode(transfer(fitted, [fitted]))])
    const { count: _, ...settings } = readForm()
    const picture: Picture = { tokens, settings, origin: 'from image', modelHash: facts.modelHash }
    const bitmap = await show(picture, name, opened)
    source.value = { name, tokens, bitmap }
    showProgress(1, 'This is it in the model’s 256 tokens. Say what it should become.')
    announce(`Opened ${name}, to start from.`)
  })
}

async function show(picture: Picture, title: string, { studio, failure }: Connection): Promise<ImageBitmap> {
  const [bitmap] = await Promise.race([failure, studio.decode([picture.tokens])])
  finish(sheetOf([new Print({ picture, bitmap: bitmap! })], title))
  showState('done')
  return bitmap!
}

/** Opens the worker and does `work`, unless something else is being made. A failure leaves everything as it was. */
async function whileBusy(work: (connection: Connection) => Promise<void>): Promise<void> {
  if (busy.peek()) {
    complain('Something is being drawn. Stop it first, or wait for it.')
    return
  }
  busy.value = true
  try {
    const opened = await connect()
    showState('loading')
    try {
      await work(opened)
    } catch (error) {
      // When the worker itself has failed, that has been said.
      if (connection.peek() !== opened) return
      showStateOf(sheet.peek())
      complain((error as Error).message)
    }
  } catch (error) {
    fail(error as Error)
  } finally {
    busy.value = false
  }
}
