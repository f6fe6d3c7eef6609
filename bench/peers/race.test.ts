import { describe, expect, it, vi } from 'vitest'
import { pseudoLogits, pseudoUniforms } from '../../test/support/inputs'
import { javascript } from './javascript'
import { onnxWasm } from './onnx'
import { drawDense } from './oracle'
import type { Problem } from './peer'

// The entry for Node of the same runtime.
vi.mock('onnxruntime-web/wasm', () => import('onnxruntime-web'))

const [B, K, N] = [2, 17, 12]
const logits = (seed: number) => pseudoLogits(B * K * N, seed, 12)

function problemOf(changes: Partial<Problem>): Problem {
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
    noise: pseudoUniforms(B * rows * N, 2),
    ...changes,
  }
}

const guided = { mode: 'guided', unconditional: logits(3), guidanceScale: 2.5 } as const
const truncated = { ...guided, mode: 'guided + truncated', truncationRate: 0.86 } as const
/** Logits of tokens that are certain of one class. */
const certainOf = (k: number) => Float32Array.from({ length: B * K * N }, (_, i) => (i % K === k ? 6 : -12))
const problems = [
  {},
  { timestep: 50, previousTimestep: 49 },
  { timestep: 99, previousTimestep: 3 },
  ...[0, 5, 10].map((k) => ({ conditional: certainOf(k) })),
  guided,
  truncated,
  ...[{}, guided, truncated].map((mode) => ({ ...mode, previousTimestep: -1 })),
].map(problemOf)

describe.each([
  ['JavaScript', javascript],
  ['onnxruntime-web on WebAssembly', onnxWasm],
])('%s draws what the reference draws', (_, peer) => {
  it.each(problems)('$mode, from $timestep to $previousTimestep', async (problem) => {
    const { step, tokens } = await peer(problem)
    await step()
    expect(await tokens()).toEqual((await drawDense(problem)).tokens)
  })
})
