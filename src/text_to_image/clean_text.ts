/**
 * A prompt as CLIP's tokenizer cleans it: what the Python package ftfy 6 repairs, then white space and case.
 *
 * Of ftfy's HTML entities only the numeric ones and the named ones of XML are known; of texts that were decoded wrongly
 * ("CafÃ©") only UTF-8 that was taken for Windows-1252, of the letters of Latin-1 and of typographic punctuation.
 */
export function cleanText(text: string): string {
  let fixed = text
  for (let before = ''; fixed !== before; ) {
    before = fixed
    fixed = [unescapeHtml, decodeMojibake, plainCharacters].reduce((value, fix) => fix(value), fixed)
  }
  return fixed
    .replace(/[\s\x85]+/g, ' ')
    .trim()
    .toLowerCase()
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\xa0' }

/** A text with '<' may be HTML, whose entities mean themselves. */
function unescapeHtml(text: string): string {
  if (text.includes('<')) return text
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi,
    (entity, decimal, hex, name) => {
      if (name) return entities[name.toLowerCase()]!
      const code = decimal ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : entity
    },
  )
}

/** What Windows-1252 has in the place of the bytes 0x80 … 0x9f, with those that it leaves out. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'
const continuation = `[${windows1252}\xa0-\xbf]`
const mojibake = new RegExp(`[ÂÃ]${continuation}|â[€\x80]${continuation}`, 'g')

function decodeMojibake(text: string): string {
  const byteOf = (character: string) => {
    const index = windows1252.indexOf(character)
    return index < 0 ? character.charCodeAt(0) : 0x80 + index
  }
  return text.replace(mojibake, (found) => new TextDecoder().decode(Uint8Array.from(found, byteOf)))
}

/** Ligatures and full-width letters apart, quotes straight, no control characters nor halves of pairs, composed. */
function plainCharacters(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[Ĳĳŉ\u01c4-\u01cc\u01f1-\u01f3\u3000\ufb00-\ufb06\uff01-\uffef]/g, (character) =>
      character.normalize('NFKC'),
    )
    .replace(/[\u02bc\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/(?![\t\n\f\r\x80-\x9f])\p{Cc}|[\u206a-\u206f\ufeff\ufff9-\ufffc]/gu, '')
    .normalize('NFC')
}
