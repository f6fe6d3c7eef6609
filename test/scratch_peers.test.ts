import { it } from 'vitest'
import { requestDevice } from 'vq-diffusion-webgpu'
import { check, problem, type Setup } from './scratch_peers'
import { onnxWasm, onnxWebgpu } from '../bench/peers/onnx'
import { tfjs } from '../bench/peers/tfjs'

const layouts = ['pixel-major', 'class-major'] as const
async function one(peer: any, s: Setup, device: GPUDevice) {
  const p = problem(device, s)
  const line = `CHECK ${peer.name} ${s.layout} ${s.mode} ${s.B}x${s.C}x${s.N} ${s.t}->${s.u} mask ${s.mask}${s.f16 ? ' f16' : ''}`
  try {
    const prepared = await peer.prepare(p)
    await prepared.step(); await prepared.finished()
    const c = await check(p, await prepared.tokens())
    console.log(line, `differing: ${c.far} far, ${c.near} near of ${c.tokens}; changed ${c.changed}`, c.margins.join(' '))
    prepared.destroy()
  } catch (e) { console.log(line, (e as Error).name, (e as Error).message.slice(0, 400)) }
}
const which = import.meta.env.VITE_PEERS ?? 'wasm'
it('check', { timeout: 580_000 }, async () => {
  const device = await requestDevice()
  const peer = { wasm: onnxWasm, webgpu: onnxWebgpu, tfjs }[which as 'wasm']
  for (const layout of layouts) {
    for (const [t, u] of [[50, 49], [50, 40], [99, 60], [50, -1], [0, -1]] as const)
      for (const mode of ['plain', 'guided', 'guided + truncated'] as const)
        for (const C of [17, 1025])
          for (const mask of t === 50 && u === 40 ? [0, 0.5, 1] : [0.5])
            await one(peer, { B: 2, C, N: 64, layout, mode, t, u, mask }, device)
    await one(peer, { B: 1, C: 4097, N: 256, layout, mode: 'plain', t: 50, u: 40, mask: 0.5 }, device)
    await one(peer, { B: 1, C: 4097, N: 256, layout, mode: 'guided', t: 50, u: -1, mask: 0.5, scale: 4 }, device)
    await one(peer, { B: 1, C: 4097, N: 64, layout, mode: 'guided + truncated', t: 50, u: -1, mask: 0.5, scale: 4 }, device)
    await one(peer, { B: 2, C: 100, N: 33, layout, mode: 'guided', t: 50, u: 10, mask: 0.5 }, device)
    for (const mode of ['plain', 'guided', 'guided + truncated'] as const) await one(peer, { B: 2, C: 1025, N: 64, layout, mode, t: 50, u: 40, mask: 0.5, f16: true }, device)
  }
})
