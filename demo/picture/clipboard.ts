/**
 * Copies a PNG. Call it in a click handler and pass the pending PNG: Safari allows a copy only during the click, so the
 * promise goes to the clipboard at once. Throws an Error with a sentence if the browser cannot or may not copy; rejects
 * as `png` does.
 */
export async function copyPicture(png: Promise<Blob>): Promise<void> {
  // Missing in Firefox before 127, and on pages without https.
  if (!navigator.clipboard?.write || typeof ClipboardItem === 'undefined') {
    // `png` is not awaited, so its rejection would be unhandled.
    png.catch(() => {})
    throw new Error('This browser cannot copy pictures here. Save the picture as a file instead.')
  }
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })])
  } catch (error) {
    // If `png` rejected, its error is the cause; the browser's error hides it.
    await png
    throw refusedError(error, 'picture')
  }
}

/** Copies a link. Throws an Error with a sentence if the browser cannot or may not copy. */
export async function copyLink(text: string): Promise<void> {
  if (!navigator.clipboard)
    throw new Error('This browser cannot copy here. Take the link from the address bar instead.')
  try {
    await navigator.clipboard.writeText(text)
  } catch (error) {
    throw refusedError(error, 'link')
  }
}

function refusedError(cause: unknown, what: 'picture' | 'link'): Error {
  const sentence = `The browser did not let the page copy the ${what}. Allow it to use the clipboard, then try again.`
  return new Error(sentence, { cause })
}
