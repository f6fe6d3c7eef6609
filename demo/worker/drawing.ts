import type { ChainPosition } from 'vq-diffusion-webgpu'
import type { Decoded, Step } from './engine'
import type { RunOnEngine } from './engine_provider'
import { toBitmaps } from './pixels'
import type { DrawingEvent, DrawingOptions, DrawingResult, Frame, Tokens } from './protocol'

/**
 * Draws a batch of pictures. After a device loss it continues on a new engine from the last step whose tokens have arrived,
 * and gives the same pictures. With `options.from` it continues a stopped drawing, and reports the steps that are left.
 *
 * @param onEvent may return a promise that resolves when the event is shown; the result waits for it, since messages may
 *   overtake each other
 * @throws the signal's reason
 */
export async function draw(
  options: DrawingOptions,
  runOnEngine: RunOnEngine,
  signal: AbortSignal,
  onEvent: (event: DrawingEvent) => unknown,
): Promise<DrawingResult> {
  // 'purity' has no inpainting, and of its tokens the posterior gives what the network expects.
  const isPosterior = options.known !== undefined || options.atOnce === true
  const drawing: DrawingOptions = isPosterior ? { ...options, method: 'posterior' } : options
  const startTime = performance.now()
  const milliseconds = { network: 0, engine: 0, decode: 0, total: 0 }
  let position: ChainPosition | undefined = options.from
  let runs = 0
  const shown: unknown[] = []

  function send(event: DrawingEvent): void {
    shown.push(onEvent(event))
  }

  function finishStep(next: ChainPosition, frame: Frame): void {
    position = next
    milliseconds.network += frame.networkMilliseconds
    milliseconds.engine += frame.engineMilliseconds
    send({ kind: 'step', frame, random: next.random })
  }

  async function reportPreview(step: number, preview: Promise<Decoded>): Promise<void> {
    // If the decoder fails here, it also fails at the end, which reports the error.
    const decoded = await preview.catch(() => undefined)
    if (!decoded) return
    milliseconds.decode += decoded.milliseconds
    send({ kind: 'preview', step, bitmaps: await toBitmaps(decoded.toImages()) })
  }

  await runOnEngine(async (engine) => {
    if (runs++ > 0) send({ kind: 'recovered', step: position?.step ?? 0 })
    signal.throwIfAborted()
    if (position === undefined) {
      const start = await engine.start(drawing)
      finishStep(start, startFrame(start, engine.timesteps(drawing)))
    }
    // Frames are copied to the host while the next step runs, and reported in order. Previews are reported when decoded.
    let lastFrame = Promise.resolve()
    let lastPreview = Promise.resolve()
    try {
      for await (const step of engine.steps(drawing, position!, signal)) {
        lastFrame = Promise.all([readStep(step), lastFrame]).then(([{ position, frame }]) =>
          finishStep(position, frame),
        )
        // Awaited below; without this handler an earlier rejection would be unhandled.
        lastFrame.catch(() => {})
        if (step.preview) lastPreview = reportPreview(step.step, step.preview)
      }
    } finally {
      await Promise.allSettled([lastFrame, lastPreview])
    }
    await lastFrame
  })

  const tokens = splitBatch(position!.tokens, options.seeds.length)
  const { toImages, milliseconds: decode } = await runOnEngine((engine) => engine.decode(tokens))
  milliseconds.decode += decode
  milliseconds.total = performance.now() - startTime
  const bitmaps = await toBitmaps(toImages())
  await Promise.all(shown)
  return { tokens, bitmaps, milliseconds }
}

/** Enqueues all copies to the host at once, before the next step overwrites the tensors. */
async function readStep(step: Step): Promise<{ position: ChainPosition; frame: Frame }> {
  const [tokens, x0, entropy, counts, { network, engine }] = await Promise.all([
    step.sample.read(),
    step.predOriginalSample?.read(),
    step.entropy?.read(),
    step.counts?.read(),
    step.milliseconds,
  ])
  return {
    position: { step: step.step, tokens, random: step.random },
    frame: {
      step: step.step,
      timestep: step.timestep,
      tokens: Uint16Array.from(tokens),
      ...(x0 && { predOriginalSample: Uint16Array.from(x0) }),
      ...(entropy && { entropy: Float32Array.from(entropy) }),
      ...(counts && { columnsRead: counts[1]! }),
      networkMilliseconds: network,
      engineMilliseconds: engine,
    },
  }
}

function startFrame({ tokens }: ChainPosition, [first = -1]: readonly number[]): Frame {
  return {
    step: 0,
    timestep: first,
    tokens: Uint16Array.from(tokens),
    networkMilliseconds: 0,
    engineMilliseconds: 0,
  }
}

/** Tokens of a batch, [B·N], as one array per picture. */
function splitBatch(tokens: ArrayLike<number>, count: number): Tokens[] {
  const batch = Uint16Array.from(tokens)
  const size = batch.length / count
  return Array.from({ length: count }, (_, item) => batch.slice(item * size, (item + 1) * size))
}
