import type { Decoded, Position, Step } from './engine'
import type { Surviving } from './engine_provider'
import { toBitmaps } from './pixels'
import { type Drawing, type DrawingEvent, type Drawn, type Frame, NUM_LATENT_PIXELS, type Tokens } from './protocol'

/**
 * Draws pictures to the end, on as many engines as it takes: after a loss it goes on from the last step whose tokens had
 * arrived, which is all that the next engine needs to draw the same pictures.
 *
 * @param survive runs work on an engine, and once more on another one when that is lost
 * @throws the signal's reason
 */
export async function draw(
  asked: Drawing,
  survive: Surviving,
  signal: AbortSignal,
  onEvent: (event: DrawingEvent) => void,
): Promise<Drawn> {
  // 'purity' cannot keep cells: what is repainted has the law of the posterior.
  const drawing: Drawing = asked.known ? { ...asked, method: 'posterior' } : asked
  const begun = performance.now()
  const milliseconds = { network: 0, engine: 0, decode: 0, total: 0 }
  let position: Position | undefined
  let losses = 0

  function reach(next: Position, frame: Frame): void {
    position = next
    milliseconds.network += frame.networkMilliseconds
    milliseconds.engine += frame.engineMilliseconds
    onEvent({ kind: 'step', frame })
  }

  async function show(step: number, preview: Promise<Decoded>): Promise<void> {
    // The decoding at the end will tell why one failed.
    const decoded = await preview.catch(() => undefined)
    if (!decoded) return
    milliseconds.decode += decoded.milliseconds
    onEvent({ kind: 'preview', step, bitmaps: await toBitmaps(decoded.pixels) })
  }

  await survive(async (engine) => {
    if (losses++ > 0) onEvent({ kind: 'recovered', step: position?.step ?? 0 })
    signal.throwIfAborted()
    if (position === undefined) {
      const start = await engine.begin(drawing)
      reach(start, startingFrame(start, engine.timesteps(drawing)))
    }
    // Frames travel while the next step runs, and are told in their order; previews whenever they are painted.
    let told = Promise.resolve()
    let previewed = Promise.resolve()
    try {
      for await (const step of engine.steps(drawing, position!, signal)) {
        const arriving = arrive(step)
        told = Promise.all([arriving, told]).then(([{ position, frame }]) => reach(position, frame))
        // Who waits for the last of them hears of it.
        told.catch(() => {})
        if (step.preview) previewed = show(step.step, step.preview)
      }
    } finally {
      await Promise.allSettled([told, previewed])
    }
    await told
  })

  const tokens = pictures(position!.tokens)
  const { pixels, milliseconds: decode } = await survive((engine) => engine.decode(tokens))
  milliseconds.decode += decode
  milliseconds.total = performance.now() - begun
  return { tokens, bitmaps: await toBitmaps(pixels), milliseconds }
}

/** Enqueues the copies to the host; they travel on their own. */
async function arrive(step: Step): Promise<{ position: Position; frame: Frame }> {
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

function startingFrame({ tokens }: Position, [first = -1]: number[]): Frame {
  return {
    ...{ step: 0, timestep: first, tokens: Uint16Array.from(tokens) },
    ...{ networkMilliseconds: 0, engineMilliseconds: 0 },
  }
}

/** The pictures of a batch, u16 [256] each. */
function pictures(tokens: ArrayLike<number>): Tokens[] {
  const all = Uint16Array.from(tokens)
  return Array.from({ length: all.length / NUM_LATENT_PIXELS }, (_, item) =>
    all.slice(item * NUM_LATENT_PIXELS, (item + 1) * NUM_LATENT_PIXELS),
  )
}
