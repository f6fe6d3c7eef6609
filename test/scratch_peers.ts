import { VQDiffusionScheduler as Cpu, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import type { Problem, Mode } from '../bench/peer'
import { pseudoLogits, pseudoTokens } from './gpu'

export interface Setup { B: number; C: number; N: number; layout: 'pixel-major' | 'class-major'; mode: Mode; t: number; u: number; mask: number; f16?: boolean; scale?: number }

function uniforms(n: number, seed: number) {
  let x = seed * 2654435761 >>> 0 || 1
  const out = new Float32Array(n)
  for (let i = 0; i < n; i++) {
    x = (x + 0x9e3779b9) >>> 0
    let z = x
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad); z = Math.imul(z ^ (z >>> 15), 0x735a2d97); z = (z ^ (z >>> 15)) >>> 0
    out[i] = (z >>> 8) / 2 ** 24
  }
  return out
}

export function problem(device: GPUDevice, s: Setup): Problem {
  const { B, C, N, layout, mode } = s
  const K = C - 1
  const rows = s.u === -1 ? K : C
  const round = (v: Float32Array<ArrayBuffer>) => (s.f16 ? new Float32Array(new Float16Array(v)) : v)
  const logits = (seed: number) => round(uniforms(B * K * N, seed).map((v) => (v - 0.5) * (s.scale ?? 16)))
  return {
    batchSize: B, numVecClasses: C, numLatentPixels: N, layout, dtype: s.f16 ? 'f16' : 'f32', mode, device,
    timestep: s.t, previousTimestep: s.u,
    sample: pseudoTokens(B * N, K, s.mask, 5),
    conditional: logits(1), unconditional: mode === 'plain' ? undefined : logits(2),
    guidanceScale: mode === 'plain' ? 1 : 2.5, truncationRate: mode === 'guided + truncated' ? 0.86 : 1,
    noise: uniforms(B * rows * N, 3),
  }
}

/** Returns [differing beyond margin, differing within] */
export async function check(p: Problem, got: Uint32Array) {
  const { batchSize: B, numVecClasses: C, numLatentPixels: N, layout } = p
  const K = C - 1
  const twin = await Cpu.create({ num_vec_classes: C })
  const shape = (r: number) => (layout === 'pixel-major' ? [B, N, r] : [B, r, N])
  let logits: CpuTensor = new CpuTensor(p.conditional, shape(K))
  if (p.unconditional) logits = twin.logPX0(logits, { layout, guidance: { scale: p.guidanceScale, unconditional: new CpuTensor(p.unconditional, shape(K)) }, truncationRate: p.truncationRate })
  const rows = p.previousTimestep === -1 ? K : C
  const noise = new CpuTensor(p.noise, shape(rows))
  const sample = new CpuTensor(p.sample, [B, N])
  const want = twin.step(logits, p.timestep, sample, { noise, layout, previousTimestep: p.previousTimestep }).prevSample.data
  const scoresAll = p.previousTimestep === -1 ? twin.gumbelNoised(logits, noise) : undefined
  let posterior: CpuTensor | undefined
  let worst = 0, far = 0, near = 0
  const margins: number[] = []
  for (let i = 0; i < want.length; i++) {
    if (want[i] === got[i]) continue
    const at = (tensor: CpuTensor, r: number, k: number) => tensor.data[layout === 'pixel-major' ? i * r + k : (Math.floor(i / N) * r + k) * N + (i % N)]!
    let scores = scoresAll
    if (!scores) { posterior ??= twin.gumbelNoised(twin.qPosterior(logits, sample, p.timestep, { layout, previousTimestep: p.previousTimestep }), noise); scores = posterior }
    const m = got[i]! < rows ? Math.abs(at(scores, rows, got[i]!) - at(scores, rows, want[i]!)) : Infinity
    worst = Math.max(worst, m); margins.push(m)
    if (m < 1e-4) near++; else far++
  }
  const changed = Array.from(want).filter((v, i) => v !== p.sample[i]).length
  return { tokens: want.length, near, far, worst, changed, margins: margins.slice(0, 5) }
}
