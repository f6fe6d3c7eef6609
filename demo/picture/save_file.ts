/** Saves `blob` as a download. */
export function saveFile(blob: Blob, fileName: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = fileName
  link.click()
  // Safari reads the URL after this task.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
