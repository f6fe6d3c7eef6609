import * as ort from 'onnxruntime-web/wasm'
import { type GpuTensor, VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { createOnnxDecoder, createOnnxDenoiser, createOnnxSession } from 'vq-diffusion-webgpu/onnx'
import { toStraightBytes } from '../demo/pixels'
import type { Figures } from './results'
import { RunClock } from './run_clock'
import { spread } from './statistics'

/** What the demo draws with, and what its model's card recommends. */
const model = '/demo/public/models/emoji-16x16/'
const settings = { numLatentPixels: 256, numInferenceSteps: 16, guidanceScale: 2.5, truncationRate: 0.86 }
/** A style and two words, and nothing. */
const conditioning = {
  conditional: { text: Int32Array.from({ length: 16 }, (_, i) => [1, 30, 40][i] ?? 0) },
  unconditional: { text: new Int32Array(16) },
}
const side = 128

/** What the studio asks of a picture with live preview off and on, by the name of its figure. */
const ways = {
  non_network_share: { about: 'no previews', options: { previewEvery: 0 } },
  non_network_share_with_previews: {
    about: 'live previews, x₀ and diagnostics of every step',
    options: { previewEvery: 'auto', predOriginalSample: true, diagnostics: true },
  },
} as const satisfies Record<string, { about: string; options: object }>
type Way = keyof typeof ways
const names = Object.keys(ways) as Way[]

interface Took {
  readonly total: number
  /** Of the total, within the networks. */
  readonly network: number
}

/**
 * Draws whole pictures of the demo's model, network on WebAssembly, engine on WebGPU, and tells how much of the time is
 * not the networks': copies to and from the host, steps, waiting for them, painting.
 */
export async function pictureFigures(
  device: GPUDevice,
  pictures: number,
  log: (line: string) => void,
): Promise<Figures> {
  const draw = await createStudio(device)
  // The way that uses all the kernels there are.
  await draw('non_network_share_with_previews')
  const drawn = new Map(names.map((way) => [way, [] as Took[]]))
  for (let i = 0; i < pictures; i++)
    for (const way of names) {
      const took = await draw(way)
      log(`a picture, ${ways[way].about}: ${text(took)}`)
      drawn.get(way)!.push(took)
    }
  return Object.fromEntries(
    [...drawn].map(([way, all]) => {
      const median = (of: (took: Took) => number) => spread(all.map(of)).median
      const typical = { total: median(({ total }) => total), network: median(({ network }) => network) }
      const note = `${ways[way].about}; ${settings.numInferenceSteps} steps, network on WebAssembly: ${text(typical)}`
      return [way, { value: median(({ total, network }) => 1 - network / total), note }]
    }),
  )
}

function text({ total, network }: Took): string {
  return `${Math.round(total)} ms, ${Math.round(network)} ms of them within the networks`
}

/** The pipeline as the demo's worker has it, and a canvas. */
async function createStudio(device: GPUDevice): Promise<(way: Way) => Promise<Took>> {
  ort.env.logLevel = 'error'
  const clock = new RunClock()
  const open = async (file: string) => {
    const bytes = await fetch(`${model}${file}`).then((response) => response.arrayBuffer())
    return createOnnxSession(clock.timing(ort), bytes, { provider: 'wasm' })
  }
  const decoder = createOnnxDecoder({ session: await open('vqvae/decoder.onnx') })
  const pipeline = new VQDiffusionPipeline({
    scheduler: await VQDiffusionScheduler.fromPretrained(device, new URL(model, location.href)),
    denoiser: createOnnxDenoiser({ session: await open('denoiser/model.onnx') }),
    decoder,
    layout: 'pixel-major',
  })
  const context = new OffscreenCanvas(side, side).getContext('2d')!
  const paint = (rgba: Float32Array) => context.putImageData(new ImageData(toStraightBytes(rgba), side, side), 0, 0)
  return async (way) => {
    clock.reset()
    const begun = performance.now()
    // The page shows them as they come; no step waits for them.
    const arriving: Promise<unknown>[] = []
    let last: GpuTensor | undefined
    const items = pipeline.sample({ ...settings, ...ways[way].options, conditioning, seed: 1 })
    for await (const { sample, preview, predOriginalSample, diagnostics } of items) {
      last = sample
      arriving.push(sample.read())
      if (preview) arriving.push(preview.then(({ data }) => paint(data)))
      if (predOriginalSample) arriving.push(predOriginalSample.read())
      if (diagnostics) arriving.push(diagnostics.entropy.read(), diagnostics.counts.read())
    }
    await Promise.all(arriving)
    paint((await decoder(last!)).data)
    last!.destroy()
    return { total: performance.now() - begun, network: clock.milliseconds }
  }
}
