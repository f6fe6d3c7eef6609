import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { clipTokenizerJson } from '../../src/convert/write/tokenizer_json'
import { ClipTokenizer } from '../../src/text_to_image/clip_tokenizer'
import { type GoldenCase, goldenCases, goldenFolder, openGolden } from './golden'

interface TokenizerCase {
  readonly text: string
  readonly slow_ftfy?: readonly number[]
  readonly authors?: readonly number[]
}

// Small folders have the vocabulary of another one, whose strings they are tried on.
it.each([
  ['published', 'published'],
  ['current', 'current'],
  ['sharded', 'sharded'],
  ['half', 'published'],
  ['half_bin', 'published'],
  ['authors', 'authors'],
  ['authors_coco', 'authors'],
] as const)('the converted tokenizer of %s gives the ids of the real one', async (name, strings) => {
  const { tokenizer: files, textLength, close } = await openGolden(name)
  const tokenizerOf = (length: number) => new ClipTokenizer(JSON.parse(clipTokenizerJson(files!, length)), length)
  const { cases } = JSON.parse(`${await readFile(join(goldenFolder(strings), 'tokenizer_cases.json'))}`) as {
    cases: readonly TokenizerCase[]
  }
  expect(cases.length).toBeGreaterThan(50)
  const vocab: Record<string, number> = JSON.parse(new TextDecoder().decode(files!.vocab))
  const tokenizer = tokenizerOf(400)
  // The authors' ids are those between start and end. Their tokenizer left "Ã©" as it is.
  for (const { text, slow_ftfy, authors } of cases.filter(
    ({ text }) => strings !== 'authors' || !text.includes('Ã©'),
  )) {
    const ids = slow_ftfy ?? [vocab['<|startoftext|>']!, ...authors!, vocab['<|endoftext|>']!]
    const padded = Array.from({ length: 400 }, (_, at) => ids[at] ?? 0)
    expect([...tokenizer.encode(text).ids], JSON.stringify(text)).toEqual(padded)
  }
  // The last prompt is too long.
  const { prompts, inputs } = (await goldenCases(name)).get('text') as GoldenCase & { prompts: readonly string[] }
  const short = tokenizerOf(textLength!)
  expect(prompts.flatMap((prompt) => [...short.encode(prompt).ids])).toEqual([...inputs.input_ids!.data])
  await close()
})
