/** A file that the user opened, by its path from the folder that was opened on. */
export type FolderFile = readonly [path: string, file: File]

/** The files of an `<input webkitdirectory>`. */
export function chosenFiles(files: FileList): FolderFile[] {
  return Array.from(files, (file) => [file.webkitRelativePath || file.name, file])
}

/**
 * What was dropped, if it is a folder, or the files of a model's folder; else undefined. To be called during the event, after
 * which the browser tells nothing any more.
 */
export function droppedFolder({ items }: DataTransfer): Promise<FolderFile[]> | undefined {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null)
  const isFolder = entries.some(({ isDirectory, name }) => isDirectory || name === 'model_index.json')
  return isFolder ? Promise.all(entries.map((entry) => filesIn(entry))).then((lists) => lists.flat()) : undefined
}

async function filesIn(entry: FileSystemEntry): Promise<FolderFile[]> {
  const path = entry.fullPath.replace(/^\//, '')
  if (isFile(entry)) return [[path, await new Promise<File>((resolve, reject) => entry.file(resolve, reject))]]
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: FolderFile[] = []
  for (;;) {
    // It gives a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return found
    for (const next of some) found.push(...(await filesIn(next)))
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}
