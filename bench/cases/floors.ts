import { GpuTensor } from 'vq-diffusion-webgpu'
import { CheckError } from '../peers/refusal'
import { type Contestant, contestants } from '../report/results'
import { allocate, type CaseData } from './data'
import { compileKernel, type Kernel, workgroupsFor } from './kernel'
import { type Probe, wallTime } from './sampling'
import copyShader from './shaders/copy.wgsl?raw'
import emptyShader from './shaders/empty.wgsl?raw'
import readOnceShader from './shaders/read_once.wgsl?raw'

/** What no step on this device can go below, and what its memory gives. */
export async function floorProbes(data: CaseData): Promise<Probe[]> {
  return [await readOnceProbe(data), ...(await copyProbes(data)), await emptyProbe(data)]
}

/** Reads both halves of the logits, with the number of workgroups that is fastest. */
async function readOnceProbe({ device, clock, own, conditional, unconditional }: CaseData): Promise<Probe> {
  const halves = unconditional ? [conditional.buffer, unconditional.buffer] : [conditional.buffer]
  const shapes = [4, 16, 64, 256].map((loads) => workgroupsFor(conditional.buffer.size / 16 / loads, 64))
  // Digests for each half, so that the dispatches need not wait for one another.
  const digests: GPUBuffer[] = []
  const kernels: Kernel[] = []
  const constants = { CONTIGUOUS: Number(device.adapterInfo.isFallbackAdapter) }
  for (const half of halves) {
    const written = own(await allocate(device, 'bench/digests', shapes[0]! * 64 * 4))
    digests.push(written)
    kernels.push(await compileKernel(device, 'bench/read_once', readOnceShader, [half, written], constants))
  }
  const read = (workgroups: number, times: number) =>
    clock.time((encoder) => {
      for (const kernel of kernels) kernel(encoder, workgroups)
    }, times)
  let best = { workgroups: 0, time: Infinity }
  for (const workgroups of new Set(shapes)) {
    const time = Math.min(await read(workgroups, 1), await read(workgroups, 1), await read(workgroups, 1))
    if (time < best.time) best = { workgroups, time }
  }
  const verify = async () => {
    for (const [i, half] of halves.entries())
      if ((await digest(device, digests[i]!, best.workgroups * 64)) !== (await digest(device, half)))
        throw new CheckError('reading the logits once missed some of them')
  }
  const run = (times: number) => read(best.workgroups, times)
  return { ...contestants.readOnce, phase: 'any step', timed_by: clock.timedBy, run, verify }
}

/** Copies one half of the logits, in both ways that WebGPU has. Neither is always the faster. */
async function copyProbes(data: CaseData): Promise<Probe[]> {
  const { device, clock } = data
  const from = data.conditional.buffer
  const to = data.own(await allocate(device, 'bench/copy', from.size))
  const kernel = await compileKernel(device, 'bench/copy', copyShader, [from, to])
  const probe = (contestant: Contestant, copy: (encoder: GPUCommandEncoder) => void): Probe => {
    const run = (times: number) => clock.time(copy, times)
    const verify = async () => {
      // Both ways write to the same buffer.
      await clock.time((encoder) => encoder.clearBuffer(to))
      await run(1)
      if ((await digest(device, from)) !== (await digest(device, to)))
        throw new CheckError('the copy of the logits differs from them')
    }
    return { ...contestant, phase: 'any step', timed_by: clock.timedBy, run, verify }
  }
  return [
    probe(contestants.copyByKernel, (encoder) => kernel(encoder, workgroupsFor(from.size / 16, 256))),
    probe(contestants.copyByCommand, (encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, from.size)),
  ]
}

/** An empty dispatch, submitted and awaited, by the wall clock: the GPU has no work to time. */
async function emptyProbe({ device }: CaseData): Promise<Probe> {
  const kernel = await compileKernel(device, 'bench/empty', emptyShader, [])
  const dispatch = () => {
    const encoder = device.createCommandEncoder({ label: 'bench/empty' })
    kernel(encoder, 1)
    device.queue.submit([encoder.finish()])
    return device.queue.onSubmittedWorkDone()
  }
  const run = (times: number) => wallTime(dispatch, times)
  return { ...contestants.empty, phase: 'any step', timed_by: 'wall clock', run, verify: async () => {} }
}

/** Words of a buffer XORed together, read to the host in parts. */
async function digest(device: GPUDevice, buffer: GPUBuffer, words = buffer.size / 4): Promise<number> {
  let result = 0
  for (let offset = 0; offset < words; offset += 2 ** 24) {
    const length = Math.min(2 ** 24, words - offset)
    for (const word of await GpuTensor.borrow(device, buffer, [length], 'u32', offset).read()) result ^= word
  }
  return result
}
