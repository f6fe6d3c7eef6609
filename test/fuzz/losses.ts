import * as ort from 'onnxruntime-web/webgpu'
import {
  type ChainOptions,
  type ChainPosition,
  DeviceLostError,
  GpuTensor,
  requestDevice,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { createOnnxDecoder, createOnnxSession } from 'vq-diffusion-webgpu/onnx'
import { pcg4d } from '../../src/cpu/random'
import decoderUrl from '../models/tiny/decoder.onnx?url'
import { pseudoLogits, pseudoTokens } from '../support/inputs'

/** Where a chain loses its device. */
const places = [
  'while the scheduler is created',
  'before the chain',
  'at its start',
  'in the network',
  'as its pipelines compile',
  'after the network',
  'in the callback',
  'after the callback',
  'in a preview',
  'in a read',
  'at some time',
] as const
type Place = (typeof places)[number]

const [K, N, steps] = [5, 12, 6]
const config = { num_vec_classes: K + 1, num_train_timesteps: 12 }
const seed = 7

/** How many chains ended how. */
export type Ends = Record<string, number>

/** What a lost device does to one chain. */
interface Loss {
  readonly place: Place
  /** The step of the chain. */
  readonly step: number
  readonly milliseconds: number
  readonly variant: Partial<ChainOptions<GpuTensor>>
}

/**
 * Loses the device of a chain at random places. Each chain ends in DeviceLostError or with its tokens, and gives the same
 * tokens when it is resumed from its last position on a new device. Throws otherwise.
 */
export async function loseDevices(count: number, firstSeed: number, progress: (done: number) => void): Promise<Ends> {
  const ends: Ends = {}
  let device = await requestDevice()
  for (let i = 0; i < count; i++) {
    const [word, other, third] = pcg4d([i, firstSeed, 11, 12])
    const place = places[word! % places.length]!
    const loss = { place, step: other! % steps, milliseconds: other! % 40, variant: variantOf(third!) }
    const next = await requestDevice()
    const end = await within(60_000, `loss ${i} ${JSON.stringify(loss)}`, loseOne(device, next, loss))
    ends[`${place}: ${end}`] = (ends[`${place}: ${end}`] ?? 0) + 1
    device = next
    progress(i + 1)
  }
  device.destroy()
  return ends
}

/** The options in which chains differ. */
function variantOf(word: number): Loss['variant'] {
  return {
    ...(word & 1 && { diagnostics: true }),
    ...(word & 2 && { predOriginalSample: true }),
    ...(word & 4 && { guidanceScale: 2 }),
    ...(word & 8 && { truncationRate: 0.8 }),
  }
}

/** The chain with its device lost, then resumed on the next one. Returns how it ended before. */
async function loseOne(device: GPUDevice, next: GPUDevice, loss: Loss): Promise<string> {
  const expected = await tokensOf(next, loss.variant)
  let last: ChainPosition | undefined
  let drawn: readonly number[] | undefined
  let end = 'done'
  try {
    drawn = await lose(device, loss, (position) => {
      last = position
    })
  } catch (error) {
    if (!(error instanceof DeviceLostError)) throw error
    end = 'DeviceLostError'
  } finally {
    device.destroy()
  }
  if (drawn) requireSame(drawn, expected, loss)
  const resumed = await tokensOf(next, { ...loss.variant, ...(last && { resume: last }) })
  requireSame(resumed, expected, loss)
  return end
}

function requireSame(got: readonly number[], want: readonly number[], loss: Loss): void {
  if (got.join() !== want.join()) throw new Error(`${JSON.stringify(loss)} gives ${got}, should give ${want}`)
}

/** Draws the chain while the device is lost. */
async function lose(
  device: GPUDevice,
  { place, step, milliseconds, variant }: Loss,
  save: (position: ChainPosition) => void,
): Promise<readonly number[]> {
  const at = (here: Place, n = step) => {
    if (here === place && n === step) device.destroy()
  }
  if (place === 'at some time') setTimeout(() => device.destroy(), milliseconds)
  const creating = VQDiffusionScheduler.create(device, config)
  at('while the scheduler is created')
  const scheduler = await creating
  at('before the chain')
  let n = -1
  const made: GpuTensor[] = []
  const pipeline = new VQDiffusionPipeline({
    scheduler,
    denoiser: async ({ timestep, guided }: { timestep: number; guided: boolean }) => {
      n++
      at('in the network', n)
      const logits = logitsOn(device, timestep, guided)
      made.push(logits)
      if (place === 'as its pipelines compile') setTimeout(() => at(place, n))
      if (place === 'after the network') queueMicrotask(() => queueMicrotask(() => at(place, n)))
      return logits
    },
    decoder: async (tokens: GpuTensor) => {
      const reading = tokens.read()
      at('in a preview', n)
      return reading
    },
  })
  const options = { ...chain, ...variant, previewEvery: place === 'in a preview' ? 1 : 0 }
  let tokens: readonly number[] = []
  const sampling = pipeline.sample(options)
  const first = sampling.next()
  at('at its start')
  for (let each = await first; !each.done; each = await sampling.next()) {
    const { sample, random, preview } = each.value
    // The chain fails by its own error.
    preview?.catch(() => {})
    at('in the callback', n)
    const reading = sample.read()
    at('in a read', n)
    tokens = Array.from(await reading)
    save({ step: each.value.step + 1, tokens, random })
    if (place === 'after the callback') setTimeout(() => at(place, n))
  }
  return tokens
}

const chain = { numInferenceSteps: steps, numLatentPixels: N, seed, conditioning: undefined }

/** Logits of a timestep, whatever the sample is. */
function logitsOn(device: GPUDevice, timestep: number, guided: boolean): GpuTensor {
  const items = guided ? 2 : 1
  return GpuTensor.from(device, pseudoLogits(items * N * K, timestep), [items, N, K])
}

/** The tokens of the chain on a device that stays. */
async function tokensOf(device: GPUDevice, options: Partial<ChainOptions<GpuTensor>>): Promise<readonly number[]> {
  const scheduler = await VQDiffusionScheduler.create(device, config)
  const denoiser = ({ timestep, guided }: { timestep: number; guided: boolean }) => logitsOn(device, timestep, guided)
  const tokens = await new VQDiffusionPipeline({ scheduler, denoiser }).generate({ ...chain, ...options })
  const drawn = Array.from(await tokens.read())
  tokens.destroy()
  scheduler.destroy()
  return drawn
}

/**
 * Loses the devices of networks of onnxruntime-web while they run. Each run rejects or resolves, and the network gives the
 * same image on the next device.
 */
export async function loseNetworks(count: number): Promise<Ends> {
  const model = await (await fetch(decoderUrl)).arrayBuffer()
  const tokens = pseudoTokens(16, 24, 0, 1)
  const ends: Ends = {}
  let wanted: string | undefined
  for (let i = 0; i < count; i++) {
    const device = await requestDevice()
    const session = await createOnnxSession(ort, model, { provider: 'webgpu', device })
    const decoder = createOnnxDecoder({ session })
    const codes = GpuTensor.from(device, tokens, [1, 16])
    const { data } = await decoder(codes)
    wanted ??= Array.from(data).join()
    if (Array.from(data).join() !== wanted) throw new Error(`network ${i} gives another image than the first`)
    const running = decoder(codes)
    setTimeout(() => device.destroy(), i % 5)
    const end = await within(60_000, `network ${i}`, running).then(
      () => 'done',
      (error: Error) => error.name,
    )
    ends[`in a run of the network: ${end}`] = (ends[`in a run of the network: ${end}`] ?? 0) + 1
    decoder.destroy()
    await session.destroy()
  }
  return ends
}

async function within<T>(milliseconds: number, name: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} hangs`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
