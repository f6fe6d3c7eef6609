import { formatCount } from '../format'
import { sizeOf } from '../model/model'
import { folderOf } from '../model/model_folder'
import { writeAddress } from './browser_history'
import { connection, openModel } from './connection'
import { element } from './element'
import { chosenFiles, type FolderFile } from './folder_files'
import { say, sayError, showIdleStatus, showStatus } from './messages'
import { model } from './model'
import { requestNext } from './next_request'
import { busy, shownBatch } from './state'

const input = element('model-folder', HTMLInputElement)

/** Opens the model of a folder that the user chooses. */
export function startFolderInput(): void {
  input.addEventListener('change', () => {
    openFolder(Promise.resolve(chosenFiles(input.files!)))
    // Otherwise choosing the same folder again fires no change event.
    input.value = ''
  })
}

/** Opens the model of a folder that the user opened; if it cannot be opened, the page stays as it was. */
export function openFolder(files: Promise<FolderFile[]>): void {
  requestNext('the model', async () => {
    busy.value = true
    try {
      await openModel(folderOf(await files))
      // Neither the model of the address nor its settings are those of the page any more.
      const kept = [...new URLSearchParams(location.search)].filter(([name]) => ['engine', 'network'].includes(name))
      writeAddress(kept.length > 0 ? `?${new URLSearchParams(kept)}` : location.pathname)
      const { name, grid } = model.peek()
      say(`${name} is open: it draws ${formatCount(sizeOf(grid), 'token')}.`)
    } catch (error) {
      const { message } = error as Error
      if (connection.peek()) showIdleStatus(shownBatch.peek())
      else showStatus('error', message)
      sayError(message)
    } finally {
      busy.value = false
    }
  })
}
