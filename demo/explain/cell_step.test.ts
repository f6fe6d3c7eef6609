import { describe, expect, it } from 'vitest'
import { Process } from 'vq-diffusion-webgpu'
import { sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import { Trajectory } from '../trajectory/trajectory'
import type { Frame, Tokens } from '../worker/protocol'
import { cellStep, formatProbability, isRecorded, ROUTES } from './cell_step'

const MASK_CLASS = STICKERS.grid.numCodes
const NUM_LATENT_PIXELS = sizeOf(STICKERS.grid)
const process = new Process({ num_vec_classes: MASK_CLASS + 1, gamma_cum_end: 0.9 })
const routeTable = process.routeTable.bind(process)

const filled = (token: number): Tokens => new Uint16Array(NUM_LATENT_PIXELS).fill(token)

/** What the step t → u did to a token whose prediction was x₀. */
function step(t: number, u: number, before: number, x0: number, after: number) {
  const frames: Frame[] = [before, after].map((token, i) => ({
    step: i,
    timestep: [t, u][i]!,
    tokens: filled(token),
    ...(i > 0 && { predOriginalSample: filled(x0), entropy: new Float32Array(NUM_LATENT_PIXELS).fill(2) }),
    networkMilliseconds: 0,
    engineMilliseconds: 0,
  }))
  const [from, to] = Trajectory.from(frames, 0, STICKERS.grid).snapshots
  if (!isRecorded(to)) throw new Error('The second frame has x₀ and entropy.')
  return cellStep(from!, to, 3, routeTable)
}

describe('a cell in one step', () => {
  it.each([
    ['masked', MASK_CLASS, 5, 5, 'x0'],
    ['masked', MASK_CLASS, 5, MASK_CLASS, 'mask'],
    ['masked', MASK_CLASS, 5, 6, 'uniform'],
    ['differs', 7, 5, 5, 'x0'],
    ['differs', 7, 5, 7, 'keep'],
    ['differs', 7, 5, 6, 'uniform'],
    ['agrees', 5, 5, 5, 'x0'],
  ] as const)('that is %s, %s with x₀ = %s, became %s by the route %s', (row, before, x0, after, route) => {
    const { probabilities, taken } = step(60, 40, before, x0, after)
    expect(taken).toBe(route)
    expect(probabilities).toEqual(routeTable({ t: 60, u: 40 })[row])
    expect(ROUTES.reduce((sum, name) => sum + probabilities[name], 0)).toBeCloseTo(1, 12)
  })

  it('took x₀ if it became that, though a random code was more probable: it would be another of 4096', () => {
    const { probabilities, taken } = step(99, 91, MASK_CLASS, 5, 5)
    expect(probabilities.uniform).toBeGreaterThan(probabilities.x0)
    expect(taken).toBe('x0')
  })

  it('takes x₀ for certain in the last one', () => {
    expect(step(5, -1, 9, 8, 8)).toMatchObject({ taken: 'x0', probabilities: { x0: 1, keep: 0, uniform: 0, mask: 0 } })
  })
})

it.each([
  [0, '0 %'],
  [1e-5, 'below 0.1 %'],
  [0.0421, '4.2 %'],
  [0.312, '31 %'],
  [0.9949, '99.5 %'],
  [0.99999, 'above 99.9 %'],
  [1, '100 %'],
])('shows the probability %s as %s', (probability, text) => {
  expect(formatProbability(probability)).toBe(text)
})
