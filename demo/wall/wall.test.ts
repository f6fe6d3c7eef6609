import { readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import manifest from 'virtual:model-manifest'
import { expect, it } from 'vitest'
import { Process } from 'vq-diffusion-webgpu'
import { WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { cellStep, isRecorded } from '../explain/cell_step'
import { sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import { Trajectory } from '../trajectory/trajectory'
import { readRecording } from './recording'
import { readWall } from './wall'
import description from './wall.json'

const MASK_CLASS = STICKERS.grid.numCodes
const NUM_LATENT_PIXELS = sizeOf(STICKERS.grid)
const fileOf = (path: string) => new URL(path, import.meta.url)
const model = fileOf('../../packages/vq-diffusion-emoji/emoji-16x16/')
const jsonOf = (name: string) => JSON.parse(readFileSync(new URL(name, model), 'utf8'))
const recording = new Uint8Array(gunzipSync(readFileSync(fileOf('../public/wall/recording.bin'))))
const wall = readWall(recording)

it('is small, and was drawn by the model of this page', () => {
  expect(statSync(fileOf('../public/wall/sprite.webp')).size).toBeLessThan(150_000)
  expect(statSync(fileOf('../public/wall/recording.bin')).size).toBeLessThan(150_000)
  expect(description.model.denoiser).toBe(manifest['denoiser/weights.bin'].sha256)
  expect(description.model.decoder).toBe(manifest['vqvae/decoder.onnx'].sha256)
})

it('has words that the model knows, in several styles, and a finished picture for each', () => {
  const tokenizer = new WordTokenizer(jsonOf('tokenizer/tokenizer.json'))
  for (const { settings, tokens } of wall.pictures) {
    expect(tokenizer.encode(settings.prompt, { style: settings.style }).ignored).toEqual([])
    expect(tokens).toHaveLength(NUM_LATENT_PIXELS)
    expect(Math.max(...tokens)).toBeLessThan(MASK_CLASS)
  }
  expect(new Set(wall.pictures.map(({ settings }) => settings.style)).size).toBeGreaterThan(4)
})

it('has chains that the process can draw: every token comes by a route of its step', () => {
  const process = new Process(jsonOf('scheduler/scheduler_config.json'))
  for (const picture of wall.pictures.keys()) {
    const { snapshots } = Trajectory.from(wall.frames, picture, STICKERS.grid)
    expect(snapshots[0]!.maskedShare).toBeCloseTo(0.9, 0)
    for (const [i, before] of snapshots.slice(0, -1).entries()) {
      const after = snapshots[i + 1]
      if (!isRecorded(after)) throw new Error('Every step is recorded.')
      const table = process.routeTable({ t: before.timestep, u: after.timestep })
      for (let cell = 0; cell < NUM_LATENT_PIXELS; cell++) {
        const { probabilities, taken } = cellStep(before, after, cell, () => table)
        expect(probabilities[taken]).toBeGreaterThan(0)
      }
    }
  }
})

it('refuses a recording of another length', () => {
  expect(() => readRecording(recording.subarray(1), description.expectation.timesteps, wall.pictures.length)).toThrow(
    `does not have ${recording.length - 1} bytes`,
  )
})
