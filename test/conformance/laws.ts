import type { Layout } from 'vq-diffusion-webgpu'
import { checkClose, checkEqual } from '../support/checks'
import { columnsShape, repeated } from '../support/layouts'
import { checkLaw, checkSameDraws, countTokens } from '../support/statistics'
import { type Engine, type EngineTensor, take } from './engine'
import type { FixtureCase } from './fixtures'
import type { TwinEngine } from './twin_engine'

/** A case that either engine can run; with a twin, the engine also has to draw the twin's tokens. */
type LawCase = <T extends EngineTensor>(fixture: FixtureCase, engine: Engine<T>, twin?: TwinEngine) => Promise<void>

/** Draws of a single step that are compared between layouts and between engines. */
const compared = 2 ** 13
/** The twin's draws for the law of a chain, and the GPU's, which are compared: fewer, since a chain has up to 100 steps. */
const chainDraws = 2 ** 14
const chainCompared = 2 ** 10

interface Step {
  readonly t: number
  readonly u: number
}

interface Drawing {
  readonly layout: Layout
  readonly count: number
  /** The token that every pixel starts from. */
  readonly start: number
  readonly path: readonly Step[]
  /** Indices of the steps after which the tokens are wanted. */
  readonly after: readonly number[]
}

/** Draws tokens from the column of a case along several steps; gives those after each wanted step. */
async function draw<T extends EngineTensor>(
  fixture: FixtureCase,
  engine: Engine<T>,
  { layout, count, start, path, after }: Drawing,
): Promise<ArrayLike<number>[]> {
  const scheduler = await engine.scheduler(fixture)
  const column: number[] = fixture.params.log_p_x0
  const shape = columnsShape(layout, [1, column.length, count])
  const modelOutput = engine.upload({ data: repeated(column, count, layout), shape })
  const generator = engine.generator()
  let sample = scheduler.uploadTokens(new Uint32Array(count).fill(start), [1, count])
  const drawn: ArrayLike<number>[] = []
  for (const [i, { t, u }] of path.entries()) {
    const { prevSample } = scheduler.step(modelOutput, t, sample, { generator, layout, previousTimestep: u })
    sample.destroy()
    sample = prevSample
    if (after.includes(i)) drawn.push(await sample.read())
  }
  sample.destroy()
  modelOutput.destroy()
  return drawn
}

/** The first tokens of a longer draw; a token does not depend on how many are drawn. */
function first(count: number, tokens: ArrayLike<number>): ArrayLike<number> {
  return Array.from(tokens).slice(0, count)
}

/**
 * Laws of drawn tokens, which the reference computed by explicit matrix products. Each test has a false-alarm rate of 1e-6
 * and a fixed seed. A wrong law is found with a power above 95 % if Σ δ²/p over the classes exceeds 60/draws, where δ is the
 * error of a probability p:
 *
 * - the twin draws 2¹⁷ tokens of a single step, which shows an error in 1 % of the tokens;
 * - the GPU draws 2¹³ tokens, which shows one in 4 %, and has to draw the twin's tokens, which shows one in 0.3 %;
 * - the twin draws 2¹⁴ tokens of a chain; the GPU draws 2¹⁰, which have to be the twin's, which shows an error in 2.4 % of them, and
 *   since an error in any step leads to other tokens later, smaller ones in a step.
 */
export const lawOps: Record<string, LawCase> = {
  async exact_posterior(fixture, engine, twin) {
    const { t, previous_t: u, x_t: start } = fixture.params
    const { probs } = fixture.outputs
    const many = { layout: 'pixel-major', count: engine.draws, start, path: [{ t, u }], after: [0] } as const
    const [tokens] = await draw(fixture, engine, many)
    checkLaw('x_u', countTokens(tokens!, probs.length), probs)
    const [others] = await draw(fixture, engine, { ...many, layout: 'class-major', count: compared })
    checkSameDraws('class-major', others!, first(compared, tokens!))
    if (twin) {
      const [wanted] = await draw(fixture, twin, { ...many, count: compared })
      checkSameDraws('x_u of the twin', first(compared, tokens!), wanted!)
    }

    // The dense posterior of the same column.
    const scheduler = await engine.scheduler(fixture)
    const column = Float32Array.from(fixture.params.log_p_x0 as number[])
    const logPX0 = engine.upload({ data: column, shape: [1, column.length, 1] })
    const xT = engine.upload({ data: Uint32Array.of(start), shape: [1, 1] })
    const logRows = await take(scheduler.qPosterior(logPX0, xT, t, { previousTimestep: u }), logPX0, xT)
    const rows = Float32Array.from(logRows, Math.exp)
    const total = rows.reduce((sum, p) => sum + p, 0)
    const normalised = rows.map((p) => p / total)
    checkClose('probabilities', normalised, { data: Float32Array.from(probs), shape: [] }, { atol: 1e-5 })
  },

  async exact_chain_law(fixture, engine, twin) {
    const { timesteps, final_previous, x_start: start } = fixture.params
    const path = (timesteps as number[]).map((t, i) => ({ t, u: timesteps[i + 1] ?? final_previous }))
    const laws: [step: string, probs: number[]][] = Object.entries(fixture.outputs.after_step)
    const after = laws.map(([step]) => Number(step))
    const drawing = { layout: 'pixel-major', start, path, after } as const
    const drawn = await draw(fixture, engine, { ...drawing, count: twin ? chainCompared : chainDraws })
    const wanted = twin && (await draw(fixture, twin, { ...drawing, count: chainCompared }))
    checkEqual('number of laws', drawn.length, laws.length)
    for (const [i, [step, probs]] of laws.entries()) {
      const tokens = drawn[i]!
      checkLaw(`after step ${step}`, countTokens(tokens, probs.length), probs)
      if (wanted) checkSameDraws(`the twin’s after step ${step}`, tokens, wanted[i]!)
    }
  },

  async exact_forward(fixture, engine, twin) {
    const { probs } = fixture.outputs
    const noised = async <T extends EngineTensor>(on: Engine<T>, count: number) => {
      const scheduler = await on.scheduler(fixture)
      const x0 = scheduler.uploadTokens(new Uint32Array(count).fill(fixture.params.x_0), [1, count])
      return take(scheduler.addNoise(x0, fixture.params.t, { generator: on.generator() }), x0)
    }
    const tokens = await noised(engine, engine.draws)
    checkLaw('x_t', countTokens(tokens, probs.length), probs)
    if (twin) checkSameDraws('x_t of the twin', first(compared, tokens), await noised(twin, compared))
  },
}
