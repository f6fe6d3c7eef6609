import type { TimestepPair } from 'vq-diffusion-webgpu'
import type { FloatTensor } from './host_tensor'

/** A tensor of golden.json. */
interface Stored {
  readonly dtype: 'f32' | 'u32'
  readonly shape: readonly number[]
  readonly offset: number
  readonly count: number
}

/** A whole run of the paper authors' code: what their network said, the uniforms that they drew, and their tokens. */
export interface GoldenRun {
  readonly name: string
  readonly scale: number
  readonly truncationRate: number
  /** At which the network was asked. */
  readonly timesteps: readonly number[]
  readonly stride: number
  /** Of each step: [B, K, N], the unconditional half only with guidance; the uniforms [B, C, N]; the tokens afterwards. */
  readonly steps: readonly {
    readonly conditional: FloatTensor
    readonly unconditional: FloatTensor | undefined
    readonly noise: FloatTensor
    readonly tokens: readonly number[]
  }[]
}

/** What a run needs of a scheduler of either engine. */
export interface RunEngine<T> {
  readonly scheduler: {
    initialSample(shape: readonly [number, number], options: { start: 'mask' }): T
    logPX0(modelOutput: T, options: object): T
    step(logits: T, timestep: number, sample: T, options: object): { prevSample: T }
  }
  upload(tensor: FloatTensor): T
  read(tokens: T): Promise<ArrayLike<number>>
}

/** The runs in `test/fixtures/pipelines/authors`. @param readFile gives the bytes of a file there */
export async function goldenRuns(readFile: (name: string) => Promise<ArrayBuffer>): Promise<GoldenRun[]> {
  const { cases } = JSON.parse(new TextDecoder().decode(await readFile('golden.json')))
  const files = { f32: await readFile('golden.f32.bin'), u32: await readFile('golden.u32.bin') }
  const floats = ({ offset, count }: Stored) => new Float32Array(files.f32, offset, count)
  // biome-ignore lint/suspicious/noExplicitAny: JSON
  const runs = cases.filter(({ name }: { name: string }) => name.startsWith('run_')) as any[]
  return runs.map((run): GoldenRun => {
    const { noise, logits, tokens } = { ...run.inputs, ...run.outputs } as Record<string, Stored>
    const [, calls, ...shape] = logits!.shape
    const part = (stored: Stored, place: number, shape: readonly number[]): FloatTensor => {
      const size = shape.reduce((a, b) => a * b)
      return { data: floats(stored).slice(place * size, (place + 1) * size), shape }
    }
    const tokensPerStep = tokens!.count / run.timesteps.length
    return {
      name: run.name,
      scale: run.guidance_scale,
      truncationRate: run.truncation_rate,
      timesteps: run.timesteps,
      stride: run.stride,
      steps: (run.timesteps as number[]).map((_, step) => ({
        conditional: part(logits!, step * calls!, shape),
        unconditional: calls === 2 ? part(logits!, step * calls + 1, shape) : undefined,
        noise: part(noise!, step, noise!.shape.slice(1)),
        tokens: [...new Uint32Array(files.u32, tokens!.offset, tokens!.count)].slice(
          step * tokensPerStep,
          (step + 1) * tokensPerStep,
        ),
      })),
    }
  })
}

/** The tokens of every step, drawn with the run's uniforms from the posteriors t → u that are given. */
export async function repeatRun<T>(
  { scale, truncationRate, steps }: GoldenRun,
  pairs: readonly TimestepPair[],
  { scheduler, upload, read }: RunEngine<T>,
): Promise<number[][]> {
  const [B = 0, K = 0, N = 0] = steps[0]!.conditional.shape
  let sample = scheduler.initialSample([B, N], { start: 'mask' })
  const drawn: number[][] = []
  for (const [i, { conditional, unconditional, noise }] of steps.entries()) {
    const { t, u } = pairs[i]!
    const logits = scheduler.logPX0(upload(conditional), {
      ...(unconditional && { guidance: { scale, unconditional: upload(unconditional) } }),
      truncationRate,
      minimum: -70,
    })
    // Their last step draws from the posterior with C rows, in which the mask has no part.
    const given = u === -1 ? firstRows(noise, K) : noise
    sample = scheduler.step(logits, t, sample, { noise: upload(given), previousTimestep: u }).prevSample
    drawn.push(Array.from(await read(sample)))
  }
  return drawn
}

/** [B, C, N] → [B, rows, N] */
function firstRows({ data, shape: [B = 0, C = 0, N = 0] }: FloatTensor, rows: number): FloatTensor {
  const kept = new Float32Array(B * rows * N)
  for (let b = 0; b < B; b++) kept.set(data.subarray(b * C * N, (b * C + rows) * N), b * rows * N)
  return { data: kept, shape: [B, rows, N] }
}
