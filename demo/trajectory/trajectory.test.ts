import { expect, describe as group, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import type { Frame } from '../worker/protocol'
import { DECIDED, describe, previewTokens, REPLACED, Trajectory, UNCHANGED } from './trajectory'

const MASK = 4096

/** A frame of two pictures. The second starts with these tokens; all other tokens are 9. */
function frame(step: number, first: number[], extra: Partial<Frame> = {}): Frame {
  const tokens = new Uint16Array(512).fill(9)
  tokens.set(first, 256)
  const timestep = 99 - step
  return { step, timestep, tokens, networkMilliseconds: 0, engineMilliseconds: 0, ...extra }
}

const frames = [
  frame(0, [MASK, MASK, MASK, 4]),
  frame(1, [MASK, 7, MASK, 5], { entropy: new Float32Array(512).fill(0.5).with(300, 3).with(1, 8) }),
  frame(2, [6, 7, 8, 5], { timestep: -1, predOriginalSample: new Uint16Array(512).fill(2).with(256, 6) }),
]
const trajectory = Trajectory.from(frames, 1, STICKERS.grid)
const [start, middle, end] = trajectory.snapshots as [(typeof trajectory.snapshots)[0], ...typeof trajectory.snapshots]

group('Trajectory', () => {
  it('contains one picture of the frames', () => {
    expect(trajectory.snapshots.map(({ tokens }) => [...tokens.slice(0, 5)])).toEqual([
      [MASK, MASK, MASK, 4, 9],
      [MASK, 7, MASK, 5, 9],
      [6, 7, 8, 5, 9],
    ])
    expect(end!.tokens).toHaveLength(256)
    expect(end!.tokens.buffer.byteLength).toBe(512)
    expect([start.predOriginalSample, start.entropy]).toEqual([undefined, undefined])
    expect([...end!.predOriginalSample!.slice(0, 2)]).toEqual([6, 2])
    expect(middle!.entropy![44]).toBe(3)
  })
  it('has the changes of each step', () => {
    expect(start.numChanged).toBe(0)
    expect([...middle!.changes.slice(0, 5)]).toEqual([UNCHANGED, DECIDED, UNCHANGED, REPLACED, UNCHANGED])
    expect([...end!.changes.slice(0, 5)]).toEqual([DECIDED, UNCHANGED, DECIDED, UNCHANGED, UNCHANGED])
    expect(trajectory.snapshots.map(({ numChanged }) => numChanged)).toEqual([0, 2, 2])
    expect(trajectory.snapshots.map(({ maskedShare }) => 256 * maskedShare)).toEqual([3, 2, 0])
  })
  it('has the highest entropy of its own picture', () => {
    expect(trajectory.maxEntropy).toBe(3)
    expect(new Trajectory(0, STICKERS.grid, 2).maxEntropy).toBe(0)
  })
  it('replaces the steps that a recovery repeats', () => {
    const recovered = Trajectory.from([...frames, frame(1, [MASK, MASK, 3, 4])], 1, STICKERS.grid)
    expect(recovered.snapshots.map(({ step }) => step)).toEqual([0, 1])
    expect([...recovered.snapshots[1]!.changes.slice(0, 4)]).toEqual([UNCHANGED, UNCHANGED, DECIDED, UNCHANGED])
  })
})

group('previewTokens', () => {
  it('returns x₀, and the tokens themselves when clean', () => {
    expect(previewTokens(start)).toBeUndefined()
    const expected = new Uint16Array(256)
    expect(previewTokens({ ...middle!, predOriginalSample: expected })).toBe(expected)
    expect(previewTokens(end!)).toBe(end!.tokens)
  })
})

group('describe', () => {
  it('has the step, the timestep, the masked share and the changes', () => {
    expect(trajectory.snapshots.map((snapshot) => describe(snapshot, 2))).toEqual([
      'start, before 2 steps, t = 99, 1 % masked',
      'step 1 of 2, t = 98, 1 % masked, 2 cells changed',
      'step 2 of 2, clean, 2 cells changed',
    ])
    expect(describe({ ...middle!, numChanged: 1, maskedShare: 0.41 }, 16)).toBe(
      'step 1 of 16, t = 98, 41 % masked, 1 cell changed',
    )
  })
})
