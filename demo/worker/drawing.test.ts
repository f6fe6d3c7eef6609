import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Denoiser } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxConditioning } from 'vq-diffusion-webgpu/onnx'
import { draw } from './drawing'
import { createEngine, type Engine } from './engine'
import { Engines } from './engine_provider'
import type { Networks } from './networks'
import { type Drawing, type DrawingEvent, type Frame, NUM_LATENT_PIXELS, type Tokens } from './protocol'

/** Whole drawings on the CPU engine, of a model of seven classes, with devices that are lost when a test says so. */
const K = 7
const { config } = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, gamma_cum_end: 0.9 })
const drawing: Drawing = {
  ...{ text: new Int32Array(16), seeds: [5], steps: 4, guidance: 2, truncation: 0.9 },
  ...{ method: 'posterior', priorWeight: 1, spacing: 'exact', livePreview: false },
}

/** Called before every run of the network, with the number of the run. */
let beforeRun = (_: number) => {}
let runs = 0
let engines: Engines
let devices: { lost: Promise<void>; lose: () => void }[]
const stop = { now: new AbortController() }

/** Logits that follow from a picture's own tokens, as a network's do. */
const denoiser: Denoiser<CpuTensor, OnnxConditioning> = ({ sample, timestep, guided }) => {
  beforeRun(++runs)
  const rows = guided ? [...sample.data, ...sample.data] : [...sample.data]
  const data = Float32Array.from({ length: rows.length * K }, (_, i) => {
    const token = Math.floor(i / K)
    return 2 * Math.sin((i % (NUM_LATENT_PIXELS * K)) * 3.7 + rows[token]! * 5 + rows[token ^ 1]! + timestep)
  })
  return new CpuTensor(data, [rows.length / NUM_LATENT_PIXELS, NUM_LATENT_PIXELS, K])
}
const networks = {
  denoiser,
  decoder: async ({ shape }: CpuTensor) => ({ data: new Float32Array(shape[0]! * 4 * 128 * 128), shape: [] }),
  device: undefined,
  nextTurn: async () => performance.now(),
} as unknown as Networks

beforeEach(() => {
  vi.stubGlobal('ImageData', class {})
  vi.stubGlobal('createImageBitmap', async () => ({}))
  beforeRun = () => {}
  runs = 0
  devices = []
  stop.now = new AbortController()
  engines = new Engines(async (): Promise<Engine> => {
    const engine = await createEngine(config, undefined, networks)
    let lose = () => {}
    const lost = new Promise<void>((resolve) => {
      lose = resolve
    })
    devices.push({ lost, lose })
    return { ...engine, device: { lost } as unknown as GPUDevice }
  })
})
afterEach(() => vi.unstubAllGlobals())

async function drawn(changes: Partial<Drawing> = {}) {
  const events: DrawingEvent[] = []
  const { signal } = stop.now
  const result = await draw({ ...drawing, ...changes }, engines.surviving(signal), signal, (event) =>
    events.push(event),
  )
  return {
    ...result,
    events,
    told: events.map((event) => `${event.kind} ${'frame' in event ? event.frame.step : event.step}`),
  }
}

function framesOf({ events }: { events: DrawingEvent[] }): Frame[] {
  return events.flatMap((event) => (event.kind === 'step' ? [event.frame] : []))
}

/** The device goes as the network begins its n-th run. */
function loseAt(...numbers: number[]): void {
  beforeRun = (run) => {
    if (!numbers.includes(run)) return
    devices.at(-1)!.lose()
    throw new Error('A valid external Instance reference no longer exists.')
  }
}

describe('a drawing', () => {
  it('tells every step in its order, and ends in the tokens of the last', async () => {
    const { told, events, tokens, bitmaps } = await drawn()
    expect(told).toEqual(['step 0', 'step 1', 'step 2', 'step 3', 'step 4'])
    const frames = framesOf({ events })
    expect(frames.map(({ timestep }) => timestep)).toEqual([99, 74, 49, 24, -1])
    expect(tokens).toEqual([frames[4]!.tokens])
    expect(bitmaps.length).toBe(1)
    const masked = frames.map((frame) => frame.tokens.filter((token) => token === K).length)
    expect(masked).toEqual([...masked].sort((a, b) => b - a))
  })

  it('records what the network expects of every step where previews are live, and draws the same without', async () => {
    const recorded = framesOf(await drawn({ livePreview: true }))
    for (const { entropy, columnsRead, predOriginalSample } of recorded.slice(1)) {
      expect(Math.max(...predOriginalSample!)).toBeLessThan(K)
      expect(Math.min(...entropy!)).toBeGreaterThan(0)
      expect(columnsRead).toBeGreaterThan(0)
    }
    expect(recorded[1]!.columnsRead).toBeLessThan(NUM_LATENT_PIXELS)
    expect(recorded[4]!.predOriginalSample).toEqual(recorded[4]!.tokens)

    const plain = framesOf(await drawn())
    expect(plain.map(({ tokens }) => tokens)).toEqual(recorded.map(({ tokens }) => tokens))
    expect(plain.some((frame) => frame.predOriginalSample ?? frame.entropy ?? frame.columnsRead)).toBe(false)
  })

  it('tells its steps in their order though their tokens arrive in another', async () => {
    const { read } = CpuTensor.prototype
    vi.spyOn(CpuTensor.prototype, 'read').mockImplementation(async function (this: CpuTensor) {
      const copy = await read.call(this)
      if (runs === 2) await new Promise((resolve) => setTimeout(resolve, 30))
      return copy
    })
    const { told } = await drawn()
    vi.restoreAllMocks()
    expect(told).toEqual(['step 0', 'step 1', 'step 2', 'step 3', 'step 4'])
  })

  it('of several pictures draws what each seed draws alone', async () => {
    const { tokens } = await drawn({ seeds: [5, 6] })
    expect(tokens).toEqual([...(await drawn()).tokens, ...(await drawn({ seeds: [6] })).tokens])
    expect(tokens[0]).not.toEqual(tokens[1])
  })

  it('of a picture at strength 0 gives that back, and begins at half of the noise at one half', async () => {
    const picture: Tokens = Uint16Array.from({ length: NUM_LATENT_PIXELS }, (_, i) => i % K)
    const none = await drawn({ image: { tokens: [picture], strength: 0 } })
    expect(none.tokens).toEqual([picture])
    expect(none.events).toMatchObject([{ frame: { step: 0, timestep: -1 } }])
    const half = await drawn({ image: { tokens: [picture], strength: 0.5 } })
    expect(half.events).toMatchObject([49, 24, -1].map((timestep) => ({ frame: { timestep } })))
  })

  it.each(['posterior', 'purity'] as const)(
    'keeps the cells that are known, also where %s is asked for',
    async (method) => {
      const picture: Tokens = new Uint16Array(NUM_LATENT_PIXELS).fill(3)
      const keep = Uint8Array.from({ length: NUM_LATENT_PIXELS }, (_, i) => i % 2)
      const [tokens] = (await drawn({ method, known: { tokens: [picture], keep: [keep] } })).tokens
      expect(tokens!.filter((_, i) => keep[i]).every((token) => token === 3)).toBe(true)
      expect(tokens!.some((token) => token !== 3)).toBe(true)
    },
  )

  it('shows previews where they are asked for, with purity too', async () => {
    for (const method of ['posterior', 'purity'] as const)
      expect((await drawn({ method, livePreview: true })).told).toContain('preview 1')
  })

  it('stops for its signal', async () => {
    beforeRun = (run) => run === 2 && stop.now.abort(new Error('enough'))
    await expect(drawn()).rejects.toThrow('enough')
    const begin = vi.spyOn(await engines.current(), 'begin')
    await expect(drawn()).rejects.toThrow('enough')
    expect(begin).not.toHaveBeenCalled()
  })

  it('fails of what is no loss', async () => {
    beforeRun = (run) => {
      if (run === 2) throw new Error('no memory')
    }
    await expect(drawn()).rejects.toThrow('no memory')
    expect(devices.length).toBe(1)
  })
})

describe('after a loss of the device', () => {
  it.each([
    [1, ['step 0', 'recovered 0', 'step 1', 'step 2', 'step 3', 'step 4']],
    [3, ['step 0', 'step 1', 'step 2', 'recovered 2', 'step 3', 'step 4']],
  ])('at step %i the drawing goes on from the step before, and ends in the same tokens', async (run, told) => {
    const undisturbed = await drawn()
    runs = 0
    loseAt(run)
    const disturbed = await drawn()
    expect(disturbed.told).toEqual(told)
    expect(disturbed.tokens).toEqual(undisturbed.tokens)
    expect(devices.length).toBe(2)
  })

  it('whose frames had not all arrived it goes on from the last that had', async () => {
    const undisturbed = await drawn()
    runs = 0
    const { read } = CpuTensor.prototype
    // What step 3 gave is on its way when the device goes, at step 4.
    vi.spyOn(CpuTensor.prototype, 'read').mockImplementation(async function (this: CpuTensor) {
      if (runs === 3) throw new DOMException('Buffer was unmapped.', 'AbortError')
      return read.call(this)
    })
    loseAt(4)
    const disturbed = await drawn()
    vi.restoreAllMocks()
    expect(disturbed.told).toEqual(['step 0', 'step 1', 'step 2', 'recovered 2', 'step 3', 'step 4'])
    expect(disturbed.tokens).toEqual(undisturbed.tokens)
  })

  it('survives a second one, and gives up at the third', async () => {
    const undisturbed = await drawn()
    runs = 0
    loseAt(2, 4)
    const disturbed = await drawn()
    expect(disturbed.told.filter((event) => event.startsWith('recovered'))).toEqual(['recovered 1', 'recovered 2'])
    expect(disturbed.tokens).toEqual(undisturbed.tokens)
    runs = 0
    loseAt(1, 2, 3)
    await expect(drawn()).rejects.toMatchObject({ name: 'DeviceLostError' })
  })

  it('that nobody noticed, the next drawing has another one and says nothing', async () => {
    const undisturbed = await drawn()
    devices[0]!.lose()
    await devices[0]!.lost
    const next = await drawn()
    expect(next.tokens).toEqual(undisturbed.tokens)
    expect(next.told).not.toContain('recovered 0')
    expect(devices.length).toBe(2)
  })
})
