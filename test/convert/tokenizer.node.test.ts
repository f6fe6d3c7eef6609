import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { clipTokenizerJson } from '../../src/convert/write/tokenizer_json'
import { ClipTokenizer } from '../../src/text_to_image/clip_tokenizer'
import { goldenFolder } from './golden'

it.each([
  ['published', 'pipeline/tokenizer', '!'],
  ['authors', 'tokenizer', undefined],
] as const)('the converted tokenizer of %s gives the ids of the real one', async (name, folder, specialPadToken) => {
  const read = (path: string) => readFile(join(goldenFolder(name), path))
  const files = { vocab: await read(`${folder}/vocab.json`), merges: await read(`${folder}/merges.txt`) }
  const json = clipTokenizerJson({ ...files, ...(specialPadToken && { specialPadToken }) }, 400)
  const tokenizer = new ClipTokenizer(JSON.parse(json), 400)
  const { cases } = JSON.parse(`${await read('tokenizer_cases.json')}`) as {
    cases: { text: string; slow_ftfy?: number[]; authors?: number[] }[]
  }
  expect(cases.length).toBeGreaterThan(50)
  const vocab: Record<string, number> = JSON.parse(`${files.vocab}`)
  // The authors' ids are those between start and end. Their tokenizer left "Ã©" as it is.
  for (const { text, slow_ftfy, authors } of cases.filter(({ text }) => name !== 'authors' || !text.includes('Ã©'))) {
    const ids = slow_ftfy ?? [vocab['<|startoftext|>']!, ...authors!, vocab['<|endoftext|>']!]
    const padded = Array.from({ length: 400 }, (_, at) => ids[at] ?? 0)
    expect([...tokenizer.encode(text).ids], JSON.stringify(text)).toEqual(padded)
  }
})
