import { proxy } from 'comlink'
import type { DownloadProgress } from 'vq-diffusion-webgpu/onnx'
import { formatCount } from '../format'
import { fittedSize, nameOf, readFile } from '../picture/image_file'
import { otherGridNotice, otherModelNotice } from '../picture/model_hash'
import type { Picture } from '../picture/picture'
import { readPngMetadata } from '../picture/png_metadata'
import { type PageSettings, withoutCount } from '../picture/settings'
import { drawSvg, isSvg } from '../picture/svg_file'
import { titleOf } from '../picture/titles'
import type { Size } from '../worker/protocol'
import { offerBackground } from './background_button'
import { BatchItem, createBatch } from './batch'
import { openInEntry } from './browser_history'
import { connect, connectDecoder, connection, fail } from './connection'
import { DownloadText } from './download_text'
import type { Source } from './drawing_request'
import { fillFormForStage } from './follow'
import { readForm } from './form'
import { announce, sayError, showIdleStatus, showProgress, showStatus } from './messages'
import { model } from './model'
import type { RunningWorker } from './open_worker'
import { addFinished, busy, shownBatch, source, strength } from './state'
import { tokenCells } from './token_cells'

/**
 * Shows a saved or shared picture and fills the form with its settings. Does not draw it, so it waits for the decoder only,
 * and shows the tokens meanwhile.
 *
 * @param place shows it in an entry of the browser's history
 */
export async function openPicture(picture: Picture, remark = '', place = openInEntry): Promise<void> {
  const refusal = otherGridNotice(picture, model.peek())
  if (refusal !== '') {
    sayError(refusal)
    return
  }
  const name = titleOf(picture.settings)
  const isEarly = !busy.peek() && !connection.peek()
  if (isEarly) {
    const item = new BatchItem()
    item.bitmap.value = tokenCells(picture, model.peek().picture)
    place(() => {
      shownBatch.value = createBatch([item], name)
    })
  }
  await whileBusy(connectDecoder, async (opened) => {
    const bitmap = await decode(picture, opened)
    // Whoever draws from a picture draws from the one that is shown.
    const next = source.peek() && { name, tokens: picture.tokens, bitmap }
    const showIt = () => show(picture, name, bitmap, { ...picture.settings, count: 1 }, next)
    if (isEarly) showIt()
    else place(showIt)
    const notice =
      otherModelNotice(picture.modelHash, opened.modelHash) ||
      (picture.unfinished ? 'Here it is, as far as it was drawn.' : 'Here it is, as it was drawn.')
    showProgress(1, `${notice} ${remark}`)
    announce(`Opened: ${titleOf(picture.settings)}.`)
  })
}

/**
 * Opens a PNG that was saved here with its settings, and any other image file as the start picture.
 *
 * @param others number of files that came with it and are not opened
 */
export async function openFile(file: File, others: number): Promise<void> {
  let saved: Picture | undefined
  let image = file
  let size: Size | undefined
  try {
    const { picture, hasEncoder } = model.peek()
    saved = readPngMetadata(await readFile(file), model.peek())
    if (!saved && !hasEncoder)
      throw new Error(`${model.peek().name} cannot start from a picture: its folder has no encoder.`)
    if (isSvg(file)) image = await drawSvg(file, picture)
    if (!saved) size = await fittedSize(image, picture)
  } catch (error) {
    sayError((error as Error).message)
  }
  const remark = others > 0 ? `Only ${nameOf(file)} was opened, not the other ${formatCount(others, 'file')}.` : ''
  if (saved) await openPicture(saved, remark)
  if (size) await openStartPicture(image, size, remark)
}

/** Encodes a picture of this size, shows its reconstruction, and makes that the start picture. */
async function openStartPicture(file: File, size: Size, remark: string, keepsBackground = false): Promise<void> {
  await whileBusy(connect, async (opened) => {
    const { studio, failure, facts } = opened
    const name = nameOf(file)
    const text = new DownloadText()
    const onProgress = ({ loaded, total }: DownloadProgress) =>
      loaded === total
        ? showProgress(0, 'Reading the picture …')
        : showProgress(loaded / total, text.say({ loaded, total }, performance.now()))
    const encoding = studio.encode(file, size, keepsBackground, proxy(onProgress))
    showProgress(0, 'Reading the picture …')
    const { tokens, hasPlainBackground } = await Promise.race([failure, encoding])
    const settings = readForm()
    const picture: Picture = {
      tokens,
      grid: model.peek().grid,
      settings: withoutCount(settings),
      origin: 'from image',
      modelHash: facts.modelHash,
    }
    const bitmap = await decode(picture, opened)
    openInEntry(() => show(picture, name, bitmap, settings, { name, tokens, bitmap }))
    if (hasPlainBackground)
      offerBackground(keepsBackground, () => openStartPicture(file, size, remark, !keepsBackground))
    const done = hasPlainBackground && !keepsBackground ? 'Background removed' : `Now ${tokens.length} tokens`
    showProgress(1, `${done}. What should it become? ${remark}`)
    announce(`Opened ${name}, to start from.`)
  })
}

async function decode({ tokens }: Picture, { studio, failure }: RunningWorker): Promise<ImageBitmap> {
  const [bitmap] = await Promise.race([failure, studio.decode([tokens])])
  return bitmap!
}

/** Shows a picture, with these settings and this start picture in the form. */
function show(
  picture: Picture,
  title: string,
  bitmap: ImageBitmap,
  settings: PageSettings,
  start: Source | undefined,
): void {
  const form = { settings, source: start, strength: strength.peek() }
  addFinished(createBatch([new BatchItem({ picture, bitmap })], title, form))
  fillFormForStage()
  showStatus('done')
}

/** Runs `work` with a worker, unless a drawing runs. If `work` fails, the page stays as it was. */
async function whileBusy<Worker extends RunningWorker>(
  openWorker: () => Promise<Worker>,
  work: (opened: Worker) => Promise<void>,
): Promise<void> {
  if (busy.peek()) {
    sayError('Something is being drawn. Stop it first, or wait for it.')
    return
  }
  busy.value = true
  try {
    const opened = await openWorker()
    let hasFailed = false
    opened.failure.catch(() => {
      hasFailed = true
    })
    showStatus('loading')
    try {
      await work(opened)
    } catch (error) {
      // If the worker failed, `fail` has shown the error.
      if (hasFailed) return
      showIdleStatus(shownBatch.peek())
      sayError((error as Error).message)
    }
  } catch (error) {
    fail(error as Error)
  } finally {
    busy.value = false
  }
}
