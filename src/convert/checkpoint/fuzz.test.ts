import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folder, Named, Saved, safetensors, source, torchArchive } from '../../../test/support/checkpoint_files'
import { layoutBuffers, layoutModel } from '../../../test/support/family_models'
import { CheckpointError } from '../../errors'
import { openAuthors } from './authors'
import { openDiffusers } from './diffusers'
import { openLayout } from './layoutdm'
import { readTensors } from './weight_files'

/**
 * Damaged files end in CheckpointError or are read as other values, whatever was damaged. The sources refuse reads that
 * are longer than the file, and a tensor never has more elements than the file has bytes, so memory is bounded.
 */

/** Uniform numbers of a fixed seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** The file with one to four damages, most of them within these ranges. */
function damaged(
  bytes: Uint8Array<ArrayBuffer>,
  ranges: readonly (readonly [number, number])[],
  random: (below: number) => number,
) {
  let copy = bytes.slice()
  const place = () => {
    const [from, to] = ranges[random(ranges.length)]!
    return Math.min(from + random(to - from), copy.length - 1)
  }
  for (let left = 1 + random(4); left > 0; left--) {
    const at = place()
    const kind = random(8)
    if (kind < 3) copy[at] = random(256)
    else if (kind === 3) copy[at]! ^= 1 << random(8)
    else if (kind === 4) copy.fill([0, 255][random(2)]!, at, at + 1 + random(8))
    else if (kind === 5) copy.copyWithin(at, place(), place() + 16)
    else if (kind === 6) copy = without(copy, at, 1 + random(4))
    else if (random(4) === 0) copy = copy.slice(0, random(copy.length))
  }
  return copy
}

function without(bytes: Uint8Array<ArrayBuffer>, at: number, count: number): Uint8Array<ArrayBuffer> {
  return bytes.copyWithin(at, at + count).slice(0, bytes.length - count)
}

async function outcome(work: () => Promise<unknown>): Promise<'read' | 'refused'> {
  try {
    await work()
    return 'read'
  } catch (error) {
    if (error instanceof CheckpointError) return 'refused'
    throw error
  }
}

const weights = Float32Array.from({ length: 24 }, (_, i) => i)
const saved = new Map<string, unknown>([
  ['a', new Saved(weights, [4, 6])],
  ['b', new Saved(weights, [2, 3], { offset: 3, strides: [1, 4] })],
  ['c', new Saved(BigInt64Array.of(1n, 2n), [2])],
  ['d', new Named('collections', 'OrderedDict', [])],
])
const archive = torchArchive(saved)
const archive64 = torchArchive(saved, { zip64: true })
const plain = safetensors(
  {
    __metadata__: { format: 'pt' },
    a: { dtype: 'F32', shape: [4, 6], data_offsets: [0, 96] },
    b: { dtype: 'F16', shape: [2], data_offsets: [96, 100] },
  },
  new Uint8Array(100),
)

it.each([
  ['safetensors', plain, [[0, plain.length - 100]]],
  // The pickle, and the directory at the end.
  [
    'archives of PyTorch',
    archive,
    [
      [64, 640],
      [archive.length - 300, archive.length],
    ],
  ],
  [
    'archives with ZIP64',
    archive64,
    [
      [0, 64],
      [archive64.length - 400, archive64.length],
    ],
  ],
] as const)('reads or refuses damaged %s', async (_, bytes, ranges) => {
  const random = numbers(17)
  const counts = { read: 0, refused: 0 }
  for (let i = 0; i < 1000; i++) {
    const copy = damaged(bytes, ranges, random)
    const read = async () => {
      for (const tensor of (await readTensors(source('file', copy))).values())
        if ((await tensor.read()).length > copy.length)
          throw new Error('A tensor has more elements than the file bytes.')
    }
    counts[await outcome(read)]++
  }
  // Neither is rare: the damages reach what they are meant for.
  expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(20)
})

const root = 'test/fixtures/pipelines/current/pipeline'
const files = Object.fromEntries(
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }): [string, Uint8Array] => [
      `${parentPath}/${name}`.slice(root.length + 1),
      new Uint8Array(readFileSync(`${parentPath}/${name}`)),
    ]),
)
const small = Object.keys(files).filter((path) => path.endsWith('.json'))

it('reads or refuses folders with a damaged JSON file', async () => {
  const random = numbers(18)
  const values = ['-1', '0', '0.5', '1e9', '1e300', 'null', 'true', '"x"', '[]', '{}', '[1,2,3]', '{"length": 5}']
  const counts = { read: 0, refused: 0 }
  for (let i = 0; i < 60; i++) {
    const path = small[random(small.length)]!
    const text = new TextDecoder().decode(files[path])
    const found = [...text.matchAll(/(?<=: )[^,{}[\]]+(?=[,\n])/g)]
    const value = found[random(found.length)]!
    const changed =
      text.slice(0, value.index) + values[random(values.length)] + text.slice(value.index + value[0].length)
    const copy = { ...files, [path]: new TextEncoder().encode(changed) }
    counts[await outcome(async () => (await openDiffusers(folder(copy))).close())]++
  }
  expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(10)
})

it("reads or refuses damaged checkpoints of the authors' code", async () => {
  const random = numbers(19)
  const checkpoints = 'test/fixtures/pipelines/authors/checkpoint'
  const [file, codec] = ['ithq_learnable.pth', 'ithq_vqvae.pth'].map(
    (name) => new Uint8Array(readFileSync(`${checkpoints}/${name}`)),
  )
  const counts = { read: 0, refused: 0 }
  // The pickle lies behind the first local header.
  for (let i = 0; i < 40; i++) {
    const copy = damaged(file!, [[64, 30_000]], random)
    const open = () => openAuthors(source('file', copy), { vqvae: source('codec', codec!) })
    counts[await outcome(open)]++
  }
  expect(counts.refused).toBeGreaterThan(10)
})

it('reads or refuses damaged checkpoints of LayoutDM', async () => {
  const random = numbers(20)
  const file = torchArchive(new Map([...layoutModel().empty(), ...layoutBuffers()]))
  const counts = { read: 0, refused: 0 }
  for (let i = 0; i < 60; i++) {
    const copy = damaged(file, [[64, 12_000]], random)
    counts[await outcome(async () => (await openLayout(source('file', copy))).close())]++
  }
  expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(2)
})
