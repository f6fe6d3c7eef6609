import { element } from './element'
import { complain } from './messages'
import { openFile } from './open_picture'

const input = element('picture-file', HTMLInputElement)

/** Lets pictures in: through the file dialogue, by drop anywhere on the page, and by paste. */
export function startReceiving(): void {
  input.addEventListener('change', () => {
    const [file] = input.files!
    if (file) openFile(file)
    // The same file again should be a change again.
    input.value = ''
  })

  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    document.body.classList.add('dropping')
  })
  document.addEventListener('dragleave', (event) => {
    // Only when it leaves the page; between elements there is a next one.
    if (event.relatedTarget === null) document.body.classList.remove('dropping')
  })
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    document.body.classList.remove('dropping')
    const file = event.dataTransfer?.files[0]
    if (file) openFile(file)
    else complain('There is no file in what was dropped. Save the picture first, then drop it.')
  })

  document.addEventListener('paste', (event) => {
    const file = event.clipboardData?.files[0]
    // Anything else is text for a field.
    if (!file) return
    event.preventDefault()
    openFile(file)
  })
}
