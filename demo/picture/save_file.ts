/** Hands `blob` to the person as a download. */
export function saveFile(blob: Blob, fileName: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = fileName
  link.click()
  // Safari fetches the address only after this task.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
