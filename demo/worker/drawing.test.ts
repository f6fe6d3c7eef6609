import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Denoiser } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxConditioning } from 'vq-diffusion-webgpu/onnx'
import { draw } from './drawing'
import { createEngine, type Engine } from './engine'
import { EngineProvider } from './engine_provider'
import type { Networks } from './networks'
import type { DrawingEvent, DrawingOptions, DrawingPosition, Frame, Tokens } from './protocol'
import { stickerConditioning } from './sticker_networks'

/** Complete drawings on the CPU engine with a model of seven classes, and with fake devices that tests can lose. */
const K = 7
const NUM_LATENT_PIXELS = 256
const { config } = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, gamma_cum_end: 0.9 })
const drawing: DrawingOptions = {
  text: new Int32Array(16),
  seeds: [5],
  steps: 4,
  guidance: 2,
  guidedFrom: 30,
  guidedTo: 99,
  truncation: 0.9,
  method: 'posterior',
  priorWeight: 1,
  spacing: 'exact',
  livePreview: false,
}

/** What the network was given last. */
let texts: OnnxConditioning

/** Called before every run of the network, with the number of the run: 1, 2, … */
let beforeRun = (_: number) => {}
let runs = 0
let engines: EngineProvider
let devices: { lost: Promise<void>; lose: () => void }[]
let controller: AbortController

/** Logits of a picture depend on its own tokens only, as those of a network do. */
const denoiser: Denoiser<CpuTensor, OnnxConditioning> = ({ sample, timestep, guided, conditioning }) => {
  texts = conditioning
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
  decoder: async ({ shape: [B = 0] }: CpuTensor) => ({
    data: new Float32Array(B * 4 * 128 * 128),
    shape: [B, 4, 128, 128],
  }),
  device: undefined,
  numLatentPixels: NUM_LATENT_PIXELS,
  layout: 'pixel-major',
  imageFormat: {},
  conditioning: stickerConditioning,
  startTime: async () => performance.now(),
} as unknown as Networks

beforeEach(() => {
  vi.stubGlobal('ImageData', class {})
  vi.stubGlobal('createImageBitmap', async () => ({}))
  beforeRun = () => {}
  runs = 0
  devices = []
  controller = new AbortController()
  engines = new EngineProvider(async (): Promise<Engine> => {
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

async function drawn(changes: Partial<DrawingOptions> = {}) {
  const events: DrawingEvent[] = []
  const { signal } = controller
  const result = await draw({ ...drawing, ...changes }, engines.runner(signal), signal, (event) => events.push(event))
  return {
    ...result,
    events,
    reported: events.map((event) => `${event.kind} ${'frame' in event ? event.frame.step : event.step}`),
  }
}

function framesOf({ events }: { events: DrawingEvent[] }): Frame[] {
  return events.flatMap((event) => (event.kind === 'step' ? [event.frame] : []))
}

function positionsOf({ events }: { events: DrawingEvent[] }): DrawingPosition[] {
  return events.flatMap((event) =>
    event.kind === 'step' ? [{ step: event.frame.step, tokens: event.frame.tokens, random: event.random }] : [],
  )
}

/** Loses the device at these runs of the network. */
function loseAt(...numbers: number[]): void {
  beforeRun = (run) => {
    if (!numbers.includes(run)) return
    devices.at(-1)!.lose()
    throw new Error('A valid external Instance reference no longer exists.')
  }
}

it('guides by the text of each picture, away from what is left out', async () => {
  const text = Int32Array.from({ length: 32 }, (_, i) => i)
  await drawn({ seeds: [5, 6], text })
  expect(texts).toEqual({ conditional: { text }, unconditional: { text: new Int32Array(32) } })
  const negativeText = Int32Array.of(...text.subarray(0, 16))
  await drawn({ seeds: [5, 6], text, negativeText })
  expect(texts).toEqual({ conditional: { text }, unconditional: { text: negativeText } })
})

it('scores a picture higher than one whose tokens are less likely', async () => {
  const engine = await engines.current()
  const [picture] = (await drawn()).tokens
  const scores = [picture!, new Uint16Array(NUM_LATENT_PIXELS)].map((tokens) =>
    engine.score(tokens, new Int32Array(16)),
  )
  const [ofDrawn, ofConstant] = await Promise.all(scores)
  expect(ofDrawn).toBeLessThan(0)
  expect(ofDrawn).toBeGreaterThan(ofConstant!)
})

describe('a drawing', () => {
  it('reports every step in order, and results in the tokens of the last step', async () => {
    const { reported, events, tokens, bitmaps } = await drawn()
    expect(reported).toEqual(['step 0', 'step 1', 'step 2', 'step 3', 'step 4'])
    const frames = framesOf({ events })
    expect(frames.map(({ timestep }) => timestep)).toEqual([99, 74, 49, 24, -1])
    expect(tokens).toEqual([frames[4]!.tokens])
    expect(bitmaps.length).toBe(1)
    const masked = frames.map((frame) => frame.tokens.filter((token) => token === K).length)
    expect(masked).toEqual([...masked].sort((a, b) => b - a))
  })

  it('records x₀ and diagnostics with live preview, and draws the same picture without', async () => {
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

  it('reports steps in order though their tokens arrive in another order', async () => {
    const { read } = CpuTensor.prototype
    vi.spyOn(CpuTensor.prototype, 'read').mockImplementation(async function (this: CpuTensor) {
      const copy = await read.call(this)
      if (runs === 2) await new Promise((resolve) => setTimeout(resolve, 30))
      return copy
    })
    const { reported } = await drawn()
    vi.restoreAllMocks()
    expect(reported).toEqual(['step 0', 'step 1', 'step 2', 'step 3', 'step 4'])
  })

  it('of several pictures draws the same as each seed alone', async () => {
    const { tokens } = await drawn({ seeds: [5, 6] })
    expect(tokens).toEqual([...(await drawn()).tokens, ...(await drawn({ seeds: [6] })).tokens])
    expect(tokens[0]).not.toEqual(tokens[1])
  })

  it('of an image at strength 0 returns the image, and at strength 0.5 starts at half of the timesteps', async () => {
    const picture: Tokens = Uint16Array.from({ length: NUM_LATENT_PIXELS }, (_, i) => i % K)
    const none = await drawn({ image: { tokens: [picture], strength: 0 } })
    expect(none.tokens).toEqual([picture])
    expect(none.events).toMatchObject([{ frame: { step: 0, timestep: -1 } }])
    const half = await drawn({ image: { tokens: [picture], strength: 0.5 } })
    expect(half.events).toMatchObject([49, 24, -1].map((timestep) => ({ frame: { timestep } })))
  })

  it.each(['posterior', 'purity'] as const)('keeps known cells with method %s', async (method) => {
    const picture: Tokens = new Uint16Array(NUM_LATENT_PIXELS).fill(3)
    const keep = Uint8Array.from({ length: NUM_LATENT_PIXELS }, (_, i) => i % 2)
    const [tokens] = (await drawn({ method, known: { tokens: [picture], keep: [keep] } })).tokens
    expect(tokens!.filter((_, i) => keep[i]).every((token) => token === 3)).toBe(true)
    expect(tokens!.some((token) => token !== 3)).toBe(true)
  })

  it('shows at once what the network expects where it was stopped, as live preview records it', async () => {
    const recorded = await drawn({ livePreview: true })
    const [from] = positionsOf(recorded).slice(2)
    runs = 0
    const { tokens, reported } = await drawn({ from: from!, atOnce: true })
    expect(tokens).toEqual([framesOf(recorded)[3]!.predOriginalSample])
    expect([runs, reported]).toEqual([1, ['step 3']])

    const known = { tokens: [new Uint16Array(NUM_LATENT_PIXELS).fill(3)], keep: [new Uint8Array(NUM_LATENT_PIXELS)] }
    known.keep[0]!.fill(1, 128)
    const purity = await drawn({ method: 'purity', truncation: 1, from: from!, atOnce: true, known })
    expect(Math.max(...purity.tokens[0]!)).toBeLessThan(K)
    expect(new Set(purity.tokens[0]!.subarray(128))).toEqual(new Set([3]))
  })

  it.each(['posterior', 'purity'] as const)('reports previews with live preview, with %s', async (method) => {
    expect((await drawn({ method, livePreview: true })).reported).toContain('preview 1')
  })

  it('results when the page has shown the last event, however late', async () => {
    let shown = 0
    const show = () =>
      new Promise<void>((resolve) => setTimeout(resolve, 30)).then(() => {
        shown++
      })
    await draw(drawing, engines.runner(), controller.signal, show)
    expect(shown).toBe(5)
  })

  it('rejects with the reason of its signal', async () => {
    beforeRun = (run) => run === 2 && controller.abort(new Error('enough'))
    await expect(drawn()).rejects.toThrow('enough')
    const start = vi.spyOn(await engines.current(), 'start')
    await expect(drawn()).rejects.toThrow('enough')
    expect(start).not.toHaveBeenCalled()
  })

  it('rejects with any error that is not a device loss', async () => {
    beforeRun = (run) => {
      if (run === 2) throw new Error('no memory')
    }
    await expect(drawn()).rejects.toThrow('no memory')
    expect(devices.length).toBe(1)
  })
})

describe('a stopped drawing', () => {
  const picture = { tokens: [new Uint16Array(NUM_LATENT_PIXELS)], strength: 0.8 }
  it.each<Partial<DrawingOptions>>([{}, { method: 'purity' }, { image: picture }])(
    'continues from any of its steps to the picture that it would have become: %o',
    async (changes) => {
      const undisturbed = await drawn(changes)
      for (const from of positionsOf(undisturbed)) {
        const rest = await drawn({ ...changes, from })
        expect(rest.tokens).toEqual(undisturbed.tokens)
        expect(framesOf(rest).map(({ tokens }) => tokens)).toEqual(
          framesOf(undisturbed)
            .slice(from.step + 1)
            .map(({ tokens }) => tokens),
        )
      }
    },
  )

  it('continues after a device loss before its first step', async () => {
    const undisturbed = await drawn()
    runs = 0
    loseAt(1)
    const rest = await drawn({ from: positionsOf(undisturbed)[2]! })
    expect(rest.reported).toEqual(['recovered 2', 'step 3', 'step 4'])
    expect(rest.tokens).toEqual(undisturbed.tokens)
  })
})

describe('after a device loss', () => {
  it.each([
    [1, ['step 0', 'recovered 0', 'step 1', 'step 2', 'step 3', 'step 4']],
    [3, ['step 0', 'step 1', 'step 2', 'recovered 2', 'step 3', 'step 4']],
  ])('at step %i a drawing continues from the previous step, with the same result', async (run, reported) => {
    const undisturbed = await drawn()
    runs = 0
    loseAt(run)
    const disturbed = await drawn()
    expect(disturbed.reported).toEqual(reported)
    expect(disturbed.tokens).toEqual(undisturbed.tokens)
    expect(devices.length).toBe(2)
  })

  it('a drawing continues from the last step whose frame has arrived', async () => {
    const undisturbed = await drawn()
    runs = 0
    const { read } = CpuTensor.prototype
    // The device is lost at step 4, before the tokens of step 3 have arrived.
    vi.spyOn(CpuTensor.prototype, 'read').mockImplementation(async function (this: CpuTensor) {
      if (runs === 3) throw new DOMException('Buffer was unmapped.', 'AbortError')
      return read.call(this)
    })
    loseAt(4)
    const disturbed = await drawn()
    vi.restoreAllMocks()
    expect(disturbed.reported).toEqual(['step 0', 'step 1', 'step 2', 'recovered 2', 'step 3', 'step 4'])
    expect(disturbed.tokens).toEqual(undisturbed.tokens)
  })

  it('a drawing survives a second loss, and fails at the third', async () => {
    const undisturbed = await drawn()
    runs = 0
    loseAt(2, 4)
    const disturbed = await drawn()
    expect(disturbed.reported.filter((event) => event.startsWith('recovered'))).toEqual(['recovered 1', 'recovered 2'])
    expect(disturbed.tokens).toEqual(undisturbed.tokens)
    runs = 0
    loseAt(1, 2, 3)
    await expect(drawn()).rejects.toMatchObject({ name: 'DeviceLostError' })
  })

  it('between two drawings the second one uses a new device and reports no recovery', async () => {
    const undisturbed = await drawn()
    devices[0]!.lose()
    await devices[0]!.lost
    const next = await drawn()
    expect(next.tokens).toEqual(undisturbed.tokens)
    expect(next.reported).not.toContain('recovered 0')
    expect(devices.length).toBe(2)
  })
})
