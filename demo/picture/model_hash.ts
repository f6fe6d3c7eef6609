/** A SHA-256 in hexadecimal or its first characters, from untrusted text; throws an Error with a sentence otherwise. */
export function readModelHash(text: unknown): string {
  if (typeof text === 'string' && /^[0-9a-f]{8,64}$/.test(text)) return text
  throw new Error('It does not say which model drew it.')
}

/** Whether two hashes, either of which may be cut short, belong to the same model. */
export function isSameModel(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

/** Sentence for a picture that another model than this page's drew; empty if it is the same model. */
export function otherModelNotice(pictureHash: string, pageHash: string): string {
  if (isSameModel(pictureHash, pageHash)) return ''
  const [theirs, ours] = [pictureHash, pageHash].map((hash) => hash.slice(0, 8))
  return `Another model drew this picture (${theirs}; here it is ${ours}), so it may look different here.`
}
