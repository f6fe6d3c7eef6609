import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { files } from 'vq-diffusion-emoji'
import { manifestOf } from './model_manifest.mjs'

const folder = fileURLToPath(new URL('../packages/vq-diffusion-emoji/emoji-16x16/', import.meta.url))
const committed = JSON.parse(readFileSync(`${folder}manifest.json`, 'utf8'))

it('has a manifest that agrees with the files; scripts/model_manifest.mjs writes it', () => {
  expect(committed).toEqual(manifestOf(folder))
})

it('gives the address of every file', () => {
  expect(Object.keys(files)).toEqual([...Object.keys(committed.files), 'manifest.json'].sort())
  for (const [name, address] of Object.entries(files)) {
    expect(address.endsWith(`/emoji-16x16/${name}`)).toBe(true)
    expect(existsSync(fileURLToPath(address))).toBe(true)
  }
})
