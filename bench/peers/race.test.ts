import { describe, expect, it, vi } from 'vitest'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { pcg4d } from '../../src/cpu/random'
import type { Problem } from '../peer'
import { OnnxOnWasm } from './onnx_wasm'
import { type Race, raceNoise, raceOf } from './race'

// The entry for Node of the same runtime.
vi.mock('onnxruntime-web/wasm', () => import('onnxruntime-web'))

const [B, K, N] = [2, 17, 12]
const uniforms = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => (pcg4d([i, seed, 0, 7])[0] >>> 8) / 2 ** 24)
const logits = (seed: number) => uniforms(B * K * N, seed).map((uniform) => uniform * 12 - 6)

function problemOf(changes: Partial<Problem> = {}): Problem {
  const rows = changes.previousTimestep === -1 ? K : K + 1
  return {
    ...{ batchSize: B, numVecClasses: K + 1, numLatentPixels: N, layout: 'class-major', dtype: 'f32', mode: 'plain' },
    ...{ timestep: 60, previousTimestep: 20, guidanceScale: 1, truncationRate: 1, unconditional: undefined },
    // Neither of the peers that run here uses it.
    device: undefined as unknown as GPUDevice,
    sample: Uint32Array.from({ length: B * N }, (_, i) => (i % 2 ? K : (i * 5) % K)),
    conditional: logits(1),
    noise: uniforms(B * rows * N, 2),
    ...changes,
  }
}

async function wanted(problem: Problem): Promise<Uint32Array> {
  const { layout, timestep, previousTimestep, sample, guidanceScale, truncationRate } = problem
  const twin = await CpuScheduler.create({ num_vec_classes: K + 1 })
  const tensor = (values: Float32Array) => {
    const rows = values.length / (B * N)
    return new CpuTensor(values, layout === 'class-major' ? [B, rows, N] : [B, N, rows])
  }
  const guidance = problem.unconditional && { scale: guidanceScale, unconditional: tensor(problem.unconditional) }
  const logPX0 = twin.logPX0(tensor(problem.conditional), { layout, truncationRate, ...(guidance && { guidance }) })
  const noise = tensor(problem.noise)
  return twin.step(logPX0, timestep, new CpuTensor(sample, [B, N]), { layout, previousTimestep, noise }).prevSample
    .data as Uint32Array
}

/** race.ts in plain numbers. */
function drawn(problem: Problem, race: Race | null): number[] {
  const noise = raceNoise(problem, 'pixel-major')
  return Array.from({ length: B * N }, (_, token) => {
    const at = (k: number) => problem.conditional[(Math.floor(token / N) * K + k) * N + (token % N)]!
    const mass = Array.from({ length: K }, (_, k) => Math.exp(at(k)))
    const total = mass.reduce((sum, value) => sum + value, 0)
    const logNoise = (k: number) => Math.log(k < K ? noise.classes[token * K + k]! : noise.mask[token]!)
    const xT = problem.sample[token]!
    const ordinary = (scale: number, byMass: number) => total * scale + mass[xT]! * byMass
    const shift =
      race && (xT === K ? total * race.masked.shift : ordinary(race.ordinary.shift, race.ordinary.shiftByMass))
    const own = race && (xT === K ? total * race.masked.own : ordinary(race.ordinary.own, race.ordinary.ownByMass))
    const scores = mass.map((value, k) => (value + (shift ?? 0)) / logNoise(k))
    const best = scores.indexOf(Math.min(...scores))
    return own !== null && own / logNoise(xT) < scores[best]! ? xT : best
  })
}

const steps = [
  [60, 20],
  [50, 49],
  [99, 3],
  [50, -1],
] as const

describe('the race draws what the reference draws', () => {
  for (const [timestep, previousTimestep] of steps)
    it(`from ${timestep} to ${previousTimestep}`, async () => {
      const problem = problemOf({ timestep, previousTimestep })
      expect(drawn(problem, raceOf(problem))).toEqual(Array.from(await wanted(problem)))
    })

  it('also where an ordinary token is certain of itself, or of another', async () => {
    for (const certain of [0, 5, 10]) {
      const conditional = new Float32Array(B * K * N).fill(-12)
      for (let token = 0; token < B * N; token++)
        conditional[(Math.floor(token / N) * K + certain) * N + (token % N)] = 6
      const problem = problemOf({ conditional })
      expect(drawn(problem, raceOf(problem))).toEqual(Array.from(await wanted(problem)))
    }
  })
})

describe('onnxruntime-web on WebAssembly draws what the reference draws', () => {
  const guided = { mode: 'guided', unconditional: logits(3), guidanceScale: 2.5 } as const
  const variants: Partial<Problem>[] = [{}, guided, { ...guided, mode: 'guided + truncated', truncationRate: 0.86 }]
  for (const layout of ['class-major', 'pixel-major'] as const)
    for (const variant of variants)
      for (const previousTimestep of [20, -1])
        it(`${layout}, ${variant.mode ?? 'plain'}, to ${previousTimestep}`, async () => {
          const problem = problemOf({ layout, previousTimestep, ...variant })
          const peer = await OnnxOnWasm.create(problem)
          await peer.step()
          expect(await peer.tokens()).toEqual(await wanted(problem))
          await peer.release()
        })
})
