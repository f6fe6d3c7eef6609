import { expect, it, vi } from 'vitest'
import { STICKERS } from '../model/stickers'
import type { Frame } from '../worker/protocol'
import { gifFrames, saveGif } from './gif_export'
import { Trajectory } from './trajectory'

/** A drawing whose x₀ of step k is all k, and whose final tokens are all 4000. */
function drawing(numSteps: number): Frame[] {
  return Array.from({ length: numSteps + 1 }, (_, step) => ({
    step,
    timestep: numSteps - step - 1,
    networkMilliseconds: 0,
    engineMilliseconds: 0,
    tokens: new Uint16Array(256).fill(step === numSteps ? 4000 : 4096),
    ...(step > 0 && { predOriginalSample: new Uint16Array(256).fill(step) }),
  }))
}
const codes = (frames: Frame[]) => gifFrames(Trajectory.from(frames, 0, STICKERS.grid)).map((tokens) => tokens[0])

it('has every preview, then holds the picture', () => {
  expect(codes(drawing(4))).toEqual([1, 2, 3, 4000, ...Array(8).fill(4000)])
})

it('thins out a long drawing evenly, from first to last step', () => {
  const frames = codes(drawing(100))
  expect(frames).toHaveLength(48)
  expect(frames.slice(0, 3)).toEqual([1, 4, 6])
  expect(frames.slice(38, 41)).toEqual([97, 4000, 4000])
})

it('ends with the last preview of a stopped drawing', () => {
  expect(codes(drawing(9).slice(0, 3))).toEqual([1, 2, ...Array(8).fill(2)])
  expect(codes(drawing(9).slice(0, 1))).toEqual([])
  expect(codes(drawing(1))).toEqual(Array(9).fill(4000))
})

it('has no masked token', () => {
  expect(codes(drawing(5)).every((code) => code! < 4096)).toBe(true)
})

it('rejects with a sentence if no preview was recorded', async () => {
  const frames = drawing(4).map(({ predOriginalSample: _, ...frame }) => frame)
  const exportGif = vi.fn()
  const gifOptions = {
    picture: STICKERS.picture,
    fileName: 'a.gif',
    onProgress: () => {},
    signal: new AbortController().signal,
  }
  await expect(saveGif(Trajectory.from(frames, 0, STICKERS.grid), exportGif, gifOptions)).rejects.toThrow(
    /nothing to animate.*live preview off/,
  )
  expect(exportGif).not.toHaveBeenCalled()
})
