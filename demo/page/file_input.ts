import { nameOf } from '../picture/image_file'
import { element } from './element'
import { droppedFolder } from './folder_files'
import { sayError } from './messages'
import { requestNext } from './next_request'
import { openFolder } from './open_folder'
import { openFile } from './open_picture'
import { isTextField } from './text_field'

const input = element('picture-file', HTMLInputElement)

/** Opens files from the file dialogue, from a drop anywhere on the page, and from the clipboard. */
export function startFileInput(): void {
  input.addEventListener('change', () => {
    openOne([...input.files!])
    // Otherwise choosing the same file again fires no change event.
    input.value = ''
  })

  document.addEventListener('dragover', (event) => {
    const { target, dataTransfer } = event
    if (!dataTransfer || isForField(target, dataTransfer)) return
    event.preventDefault()
    document.body.classList.toggle('dropping', dataTransfer.types.includes('Files'))
  })
  document.addEventListener('dragleave', (event) => {
    // Null if the pointer leaves the page; else it enters another element.
    if (event.relatedTarget === null) document.body.classList.remove('dropping')
  })
  document.addEventListener('drop', (event) => {
    document.body.classList.remove('dropping')
    const { target, dataTransfer } = event
    if (!dataTransfer || isForField(target, dataTransfer)) return
    // Otherwise the browser leaves the page for what was dropped.
    event.preventDefault()
    const folder = droppedFolder(dataTransfer)
    const files = [...dataTransfer.files]
    if (folder) openFolder(folder)
    else if (files.length > 0) openOne(files)
    else
      sayError('There is no file in what was dropped. Save the picture first, then drop it; words go into the prompt.')
  })

  document.addEventListener('paste', (event) => {
    const { target, clipboardData } = event
    if (!clipboardData || isForField(target, clipboardData)) return
    const files = [...clipboardData.files]
    if (files.length === 0) return
    event.preventDefault()
    openOne(files)
  })
}

/**
 * Whether the browser is to insert what is pasted or dropped into a field. Spreadsheets put a picture of the cells beside
 * their text; a picture that is dragged from a page brings its address, which is no text for a field.
 */
function isForField(target: EventTarget | null, { types }: DataTransfer): boolean {
  if (!isTextField(target)) return false
  return !types.includes('Files') || (types.includes('text/plain') && !types.includes('text/uri-list'))
}

/** Opens the first picture of several files. */
function openOne(files: File[]): void {
  const file = files.find(({ type }) => type.startsWith('image/')) ?? files[0]
  if (file) requestNext(nameOf(file), () => openFile(file, files.length - 1))
}
