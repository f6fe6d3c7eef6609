import { element } from './element'
import { sayError } from './messages'
import { openFile } from './open_picture'

const input = element('picture-file', HTMLInputElement)

/** Opens files from the file dialogue, from a drop anywhere on the page, and from the clipboard. */
export function startFileInput(): void {
  input.addEventListener('change', () => {
    const [file] = input.files!
    if (file) openFile(file)
    // Otherwise choosing the same file again fires no change event.
    input.value = ''
  })

  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    document.body.classList.add('dropping')
  })
  document.addEventListener('dragleave', (event) => {
    // Null if the pointer leaves the page; else it enters another element.
    if (event.relatedTarget === null) document.body.classList.remove('dropping')
  })
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    document.body.classList.remove('dropping')
    const file = event.dataTransfer?.files[0]
    if (file) openFile(file)
    else sayError('There is no file in what was dropped. Save the picture first, then drop it.')
  })

  document.addEventListener('paste', (event) => {
    const file = event.clipboardData?.files[0]
    // Without a file, it is text for an input field.
    if (!file) return
    event.preventDefault()
    openFile(file)
  })
}
