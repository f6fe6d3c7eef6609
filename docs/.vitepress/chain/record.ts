import {
  type AnyScheduler,
  capabilities,
  GpuTensor,
  requestDevice,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { toyLogits } from './toy_network'
import { colours, pictures, side } from './toy_pictures'

export const numCodes = colours.length
const numPixels = side * side

/** The schedule of the emoji model: up to a tenth of the tokens is replaced, the others are masked. */
const config = { num_vec_classes: numCodes + 1, gamma_cum_end: 0.9 }

/** What a chain looked like after a step. */
export interface Frame {
  /** The timestep t of the step, and the next one. */
  readonly from: number
  readonly to: number
  readonly tokens: ArrayLike<number>
  /** The x₀ that the step has drawn. */
  readonly x0: ArrayLike<number>
  /** Columns of logits that the step has read; unknown with purity. */
  readonly columnsRead: number | undefined
}

export interface ChainRecord {
  /** The first has the tokens that the chain starts from. */
  readonly frames: readonly Frame[]
  /** Expected share of masked tokens, for each frame. */
  readonly expectedMasked: readonly number[]
}

export interface ChainSettings {
  readonly seed: number
  readonly numInferenceSteps: number
  readonly method: 'posterior' | 'purity'
}

/** Draws a chain with the toy network and records its steps. */
export interface Recorder {
  /** Where the steps are computed, as a phrase. */
  readonly place: string
  record(settings: ChainSettings): Promise<ChainRecord>
}

/** A recorder on WebGPU or, without it, on the CPU. */
export async function createRecorder(): Promise<Recorder> {
  const { adapter, description } = await capabilities()
  try {
    if (adapter) return await gpuRecorder(description)
  } catch (error) {
    console.warn(error)
  }
  return cpuRecorder()
}

async function gpuRecorder(description: string): Promise<Recorder> {
  const device = await requestDevice()
  const scheduler = await VQDiffusionScheduler.create(device, config)
  const logits = GpuTensor.empty(device, [1, numPixels, numCodes], 'f32')
  const denoiser = async ({ sample, timestep }: { sample: GpuTensor; timestep: number }) => {
    logits.write(toyLogits(await sample.read(), timestep, pictures, numCodes, scheduler))
    return logits
  }
  const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
  return {
    place: `by WGSL kernels on WebGPU (${description})`,
    record: (settings) => record(pipeline, scheduler, settings),
  }
}

/** A recorder on the CPU twin. */
export async function cpuRecorder(): Promise<Recorder> {
  const scheduler = await CpuScheduler.create(config)
  const denoiser = ({ sample, timestep }: { sample: CpuTensor; timestep: number }): CpuTensor =>
    new CpuTensor(toyLogits(sample.data, timestep, pictures, numCodes, scheduler), [1, numPixels, numCodes])
  const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
  return {
    place: 'by the CPU twin, since there is no WebGPU here',
    record: (settings) => record(pipeline, scheduler, settings),
  }
}

async function record(
  pipeline: Pick<VQDiffusionPipeline<AnyScheduler>, 'sample' | 'start'>,
  scheduler: VQDiffusionScheduler | CpuScheduler,
  settings: ChainSettings,
): Promise<ChainRecord> {
  const diagnostics = settings.method === 'posterior'
  const options = {
    ...settings,
    numLatentPixels: numPixels,
    diagnostics,
    predOriginalSample: true,
    conditioning: undefined,
  }
  const { seed: _, ...spaced } = settings
  const { timesteps, masked } = scheduler.expectation(spaced)
  const start = await pipeline.start(options)
  const frames: Frame[] = [
    { from: timesteps[0]!, to: timesteps[0]!, tokens: start.tokens, x0: [], columnsRead: undefined },
  ]
  for await (const step of pipeline.sample(options)) {
    const [tokens, x0, counts] = await Promise.all([
      step.sample.read(),
      step.predOriginalSample!.read(),
      step.diagnostics?.counts.read(),
    ])
    frames.push({ from: step.timestep, to: timesteps[step.step + 1] ?? -1, tokens, x0, columnsRead: counts?.[1] })
    if (step.step === timesteps.length - 1) step.sample.destroy()
  }
  return { frames, expectedMasked: masked }
}
