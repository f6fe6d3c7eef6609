import type * as Ort from 'onnxruntime-web/webgpu'
import { requestDevice } from 'vq-diffusion-webgpu'
import { type OnnxRuntime, VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { tinyModelFolder } from '../support/tiny_model'
import { watchBuffers } from './buffers'

/** What a page holds after a number of pictures. */
export interface Memory {
  readonly pictures: number
  /** Bytes of the JavaScript heap after garbage collection. */
  readonly heap: number
  readonly buffers: number
  /** Bytes of WebAssembly memories. */
  readonly wasm: number
}

/** How much the heap may grow from the second measurement to the last: less than 1 kB for a picture of a thousand. */
const allowedHeapGrowth = 500_000

/** WebAssembly memories, from before onnxruntime-web makes its own. */
const memories: WebAssembly.Memory[] = []
const NativeMemory = WebAssembly.Memory
WebAssembly.Memory = class extends NativeMemory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor)
    memories.push(this)
  }
}

/** The browser is started with --expose-gc and --enable-precise-memory-info. */
const page = globalThis as unknown as {
  gc(): void
  performance: { memory: { usedJSHeapSize: number } }
}

/**
 * Draws pictures in a row with the tiny model, some from an image, some with known parts. Throws if anything grows: the
 * heap, the number of buffers, or the memory of onnxruntime-web.
 */
export async function soak(
  engine: 'cpu' | 'webgpu',
  pictures: number,
  measured: (memory: Memory) => void,
): Promise<void> {
  const ort: typeof Ort = await import('onnxruntime-web/webgpu')
  const device = await requestDevice()
  const buffers = watchBuffers(device)
  const pipe = await VQDiffusionPipeline.fromPretrained(await tinyModelFolder(), {
    ort: ort as OnnxRuntime,
    engine,
    network: 'wasm',
    device,
  })
  if (pipe.backend?.engine !== engine) throw new Error(`The engine is ${pipe.backend?.engine}, should be ${engine}.`)
  const image = Uint32Array.from({ length: 16 }, (_, i) => i)
  const variants = [
    {},
    { image, strength: 0.5 },
    { known: { image, mask: image.map((i) => i % 2) } },
    { guidanceScale: 1, method: 'purity', truncationRate: 1, previewEvery: 2 },
  ] as const
  const measurements: Memory[] = []
  for (let picture = 0; picture < pictures; picture++) {
    const { images, tokens } = await pipe('red heart', { seed: picture, ...variants[picture % variants.length] })
    if (images.length !== 1 || tokens[0]!.some((token) => token >= 24)) throw new Error(`picture ${picture} is none`)
    if ((picture + 1) % Math.ceil(pictures / 10) !== 0) continue
    page.gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
    page.gc()
    const memory = {
      pictures: picture + 1,
      heap: page.performance.memory.usedJSHeapSize,
      buffers: buffers.size,
      wasm: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    }
    measurements.push(memory)
    measured(memory)
  }
  pipe.destroy()
  requireFlat(measurements)
}

/** Throws unless nothing grows after the first measurement. */
function requireFlat([, second, ...later]: readonly Memory[]): void {
  const last = later.at(-1)
  if (!second || !last) return
  const grown = last.heap - second.heap > allowedHeapGrowth || last.buffers > second.buffers || last.wasm > second.wasm
  if (grown) throw new Error(`From ${JSON.stringify(second)} to ${JSON.stringify(last)}: not flat.`)
  if (last.wasm === 0) throw new Error('The memory of onnxruntime-web was not found.')
}
