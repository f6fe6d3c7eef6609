import { describe, expect, it, vi } from 'vitest'
import { pcg4d } from '../../src/cpu/random'
import { javascript } from './javascript'
import { onnxWasm } from './onnx'
import { drawDense } from './oracle'
import type { Problem } from './peer'

// The entry for Node of the same runtime.
vi.mock('onnxruntime-web/wasm', () => import('onnxruntime-web'))

const [B, K, N] = [2, 17, 12]
const uniforms = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => (pcg4d([i, seed, 0, 7])[0] >>> 8) / 2 ** 24)
const logits = (seed: number) => uniforms(B * K * N, seed).map((uniform) => uniform * 12 - 6)

function problemOf(changes: Partial<Problem> = {}): Problem {
  const rows = changes.previousTimestep === -1 ? K : K + 1
  return {
    B,
    C: K + 1,
    N,
    layout: 'pixel-major',
    dtype: 'f32',
    mode: 'plain',
    // Neither of the peers that run here uses it.
    device: undefined as unknown as GPUDevice,
    own: (resource) => resource,
    timestep: 60,
    previousTimestep: 20,
    sample: Uint32Array.from({ length: B * N }, (_, i) => (i % 2 ? K : (i * 5) % K)),
    conditional: logits(1),
    unconditional: undefined,
    guidanceScale: 1,
    truncationRate: 1,
    noise: uniforms(B * rows * N, 2),
    ...changes,
  }
}

/** Logits of tokens that are certain of one class. */
function certainOf(k: number): Float32Array {
  return Float32Array.from({ length: B * K * N }, (_, i) => (i % K === k ? 6 : -12))
}

const steps = [
  [60, 20],
  [50, 49],
  [99, 3],
  [50, -1],
].map(([timestep, previousTimestep]) => ({ timestep, previousTimestep }))
const guided = { mode: 'guided', unconditional: logits(3), guidanceScale: 2.5 } as const
const truncated = { ...guided, mode: 'guided + truncated', truncationRate: 0.86 } as const
const variants = [{}, guided, truncated].flatMap((mode) => [20, -1].map((u) => ({ ...mode, previousTimestep: u })))
const certain = [0, 5, 10].map((k) => ({ conditional: certainOf(k) }))

describe.each([
  ['JavaScript', javascript],
  ['onnxruntime-web on WebAssembly', onnxWasm],
])('%s draws what the reference draws', (_, peer) => {
  it.each([...steps, ...variants, ...certain])(
    '$layout $mode, from $timestep to $previousTimestep',
    async (changes) => {
      const problem = problemOf(changes)
      const { step, tokens } = await peer(problem)
      await step()
      expect(await tokens()).toEqual((await drawDense(problem)).tokens)
    },
  )
})
