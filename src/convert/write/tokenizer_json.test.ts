import { expect, it } from 'vitest'
import { CheckpointError } from '../../errors'
import { clipTokenizerJson } from './tokenizer_json'

const bytes = (text: string) => new TextEncoder().encode(text)
const vocab = { '!': 0, a: 1, 'b</w>': 2, 'ab</w>': 3, '<|startoftext|>': 4, '<|endoftext|>': 5 }
const files = { vocab: bytes(JSON.stringify(vocab)), merges: bytes('#version: 0.2\na b</w>\n\n') }

it("makes diffusers' tokenizer, whose padding is a token of the text too", () => {
  const tokenizer = JSON.parse(clipTokenizerJson({ ...files, specialPadToken: '!' }, 77))
  expect(tokenizer.model).toMatchObject({ type: 'BPE', end_of_word_suffix: '</w>', unk_token: '<|endoftext|>', vocab })
  expect(tokenizer.model.merges).toEqual(['a b</w>'])
  expect(tokenizer.added_tokens.map((token: object) => Object.values(token).slice(0, 2))).toEqual([
    [0, '!'],
    [4, '<|startoftext|>'],
    [5, '<|endoftext|>'],
  ])
  expect(tokenizer.post_processor).toMatchObject({ cls: ['<|startoftext|>', 4], sep: ['<|endoftext|>', 5] })
  expect(tokenizer.padding).toMatchObject({ strategy: { Fixed: 77 }, pad_id: 0, pad_token: '!' })
  expect(tokenizer.truncation).toBeNull()
})

it("makes the authors' tokenizer, where the end token stays last", () => {
  const tokenizer = JSON.parse(clipTokenizerJson(files, 20))
  expect(tokenizer.added_tokens.map(({ content }: { content: string }) => content)).not.toContain('!')
  expect(tokenizer.truncation).toMatchObject({ max_length: 20 })
  expect(tokenizer.padding).toMatchObject({ strategy: { Fixed: 20 }, pad_id: 0 })
})

it('takes as many merges as CLIP does', () => {
  const merges = bytes(`#version: 0.2\n${'a b</w>\n'.repeat(50_000)}`)
  expect(JSON.parse(clipTokenizerJson({ ...files, merges }, 77)).model.merges).toHaveLength(48_894)
})

it.each([
  ['vocab.json', { vocab: bytes('<html>') }, 'vocab.json needs to be JSON'],
  ['a list', { vocab: bytes('[]') }, 'vocab.json needs to map tokens'],
  ['another vocabulary', { vocab: bytes('{"a": 0}') }, 'vocab.json needs the token <|'],
  ['merges.txt', { merges: bytes('#version: 0.2\na b c\n') }, 'two tokens a line; line 2 is "a b c"'],
])('refuses %s that is none', (_, broken, message) => {
  expect(() => clipTokenizerJson({ ...files, ...broken }, 77)).toThrow(CheckpointError)
  expect(() => clipTokenizerJson({ ...files, ...broken }, 77)).toThrow(message)
})
