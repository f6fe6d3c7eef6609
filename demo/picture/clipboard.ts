/**
 * Copies a PNG. To be called in the handler of a click, with the picture still being made: Safari allows copying only
 * there, so the promise goes into the clipboard at once. Throws an Error with a sentence when the browser cannot or may
 * not copy; what `png` rejects with is passed on.
 */
export async function copyPicture(png: Promise<Blob>): Promise<void> {
  // Firefox before 127, and every browser on a page without https.
  if (!navigator.clipboard?.write || typeof ClipboardItem === 'undefined') {
    // Nobody will wait for it, so nobody would hear it fail.
    png.catch(() => {})
    throw new Error('This browser cannot copy pictures here. Save the picture as a file instead.')
  }
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })])
  } catch (error) {
    // The browser's error hides that of the picture.
    await png
    throw refused(error, 'picture')
  }
}

/** Copies a text, such as a share link; throws an Error with a sentence when the browser cannot or may not. */
export async function copyText(text: string): Promise<void> {
  if (!navigator.clipboard)
    throw new Error('This browser cannot copy here. Take the link from the address bar instead.')
  try {
    await navigator.clipboard.writeText(text)
  } catch (error) {
    throw refused(error, 'link')
  }
}

function refused(error: unknown, what: string): Error {
  const sentence = `The browser did not let the page copy the ${what}. Allow it to use the clipboard, then try again.`
  return new Error(sentence, { cause: error })
}
