import { it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { check, problem, type Setup } from './scratch_peers'
import { onnxWasm, onnxWebgpu } from '../bench/peers/onnx'
import { tfjs } from '../bench/peers/tfjs'

async function time(peer: any, s: Setup, device: GPUDevice, tag = '', count = 5, verify = true) {
  const p = problem(device, s)
  try {
    const a = performance.now()
    const prepared = await peer.prepare(p)
    const prep = performance.now() - a
    const times: number[] = []
    for (let i = 0; i < count; i++) { const t0 = performance.now(); await prepared.step(); await prepared.finished(); times.push(performance.now() - t0) }
    const c = verify ? JSON.stringify(await check(p, await prepared.tokens())) : ''
    console.log('TIME', tag, peer.name, s.layout, s.mode, s.u, `prepare ${prep.toFixed(0)}`, times.map((t) => t.toFixed(1)).join(' '), c)
    prepared.destroy()
  } catch (e) { console.log('TIME', tag, peer.name, s.layout, s.mode, 'FAILED', (e as Error).stack.slice(0, 1500)) }
}
it('time', { timeout: 500_000 }, async () => {
  const device = await requestDevice()
  const base = { B: 1, C: 4097, N: 1024, t: 50, u: 49, mask: 0.5 } as const
  const g = globalThis as any
  for (let i = 0; i < 3; i++) {
  g.ortOptions = { enableGraphCapture: true }
  for (const layout of ['pixel-major', 'class-major'] as const) await time(onnxWebgpu, { ...base, layout, mode: 'plain' }, device, 'capture', 5, false)
  g.ortOptions = { }
  for (const layout of ['pixel-major', 'class-major'] as const) await time(onnxWebgpu, { ...base, layout, mode: 'plain' }, device, 'no capture', 5, false)
  }
})
