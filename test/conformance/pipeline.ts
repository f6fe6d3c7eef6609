import { conditionText, type TextEmbeddings, toImages } from 'vq-diffusion-webgpu/onnx'
import { checkClose, checkEqual, checkTokens } from '../support/checks'
import { type Engine, type EngineTensor, take } from './engine'
import type { FixtureCase, Fixtures } from './fixtures'

/**
 * The states that guidance compares with: the learned table [L, H], or those of the empty prompt [1, L, H], which are
 * normalised like those of the prompts.
 */
function unconditionalStates({ params, inputs }: FixtureCase, fixtures: Fixtures): TextEmbeddings | undefined {
  if (params.guidance_scale <= 1) return undefined
  const states = inputs.learned_uncond ?? inputs.uncond_hidden
  if (!states) throw new Error('a guided case needs learned_uncond or uncond_hidden')
  return fixtures.floats(states)
}

/** A whole call of the reference's pipeline: text states, prepared scores, tokens of every step, embeddings, images, callbacks. */
export async function checkPipeline<T extends EngineTensor>(fixture: FixtureCase, engine: Engine<T>): Promise<void> {
  const { fixtures } = engine
  const { params, inputs, outputs } = fixture
  const scheduler = await engine.scheduler(fixture)
  const guided = params.guidance_scale > 1

  const unconditional = unconditionalStates(fixture, fixtures)
  const text = conditionText(fixtures.floats(inputs.text_hidden!), {
    imagesPerPrompt: params.num_images_per_prompt,
    ...(unconditional && { unconditional }),
  })
  checkClose('encoder_hidden_states', text.data, fixtures.floats(outputs.encoder_hidden_states), { atol: 1e-6 })

  scheduler.setTimesteps(params.num_inference_steps, { spacing: 'leading' })
  checkEqual(
    'timesteps',
    scheduler.timesteps,
    outputs.steps.map(({ t }: { t: number }) => t),
  )
  let sample = engine.tokens(fixture, 'x_start')
  const callbacks: { step: number; t: number; tokens: ArrayLike<number> }[] = []
  for (const [i, stored] of outputs.steps.entries()) {
    const modelOutput = engine.upload(fixtures.floats(stored.model_output))
    const prepared = scheduler.logPX0(modelOutput, {
      ...(guided && { guidance: { scale: params.guidance_scale } }),
      truncationRate: params.truncation_rate,
      minimum: -70,
    })
    const want = fixtures.floats(stored.prepared)
    const values = Float32Array.from(await prepared.read())
    // Without truncation the reference drops the classes beyond a float32 sum of 1: compared as probabilities.
    if (params.truncation_rate < 1) checkClose(`prepared, step ${i}`, values, want, { atol: 1e-4 })
    else
      checkClose(
        `prepared, step ${i}`,
        values.map(Math.exp),
        { ...want, data: want.data.map(Math.exp) },
        { atol: 1e-5 },
      )
    const noise = engine.upload(fixtures.floats(stored.uniform))
    const { prevSample } = scheduler.step(prepared, stored.t, sample, { noise })
    for (const tensor of [sample, modelOutput, prepared, noise]) tensor.destroy()
    sample = prevSample
    const tokens = await sample.read()
    checkTokens(`x_prev, step ${i}`, tokens, fixtures.tokens(stored.x_prev))
    if (i % params.callback_steps === 0) callbacks.push({ step: i, t: stored.t, tokens })
  }
  for (const [i, { step, t, x }] of outputs.callbacks.entries()) {
    checkEqual(`callback ${i}`, { step: callbacks[i]?.step, t: callbacks[i]?.t }, { step, t })
    checkTokens(`callback ${i}`, callbacks[i]!.tokens, fixtures.tokens(x))
  }
  checkEqual('number of callbacks', callbacks.length, outputs.callbacks.length)

  const codebook = engine.floats(fixture, 'codebook')
  const embeddings = Float32Array.from(await take(scheduler.lookupCodebook(codebook, sample), codebook, sample))
  const wanted = fixtures.floats(outputs.embeddings)
  checkClose('embeddings', embeddings, wanted, {})
  checkClose('images', toImages({ data: embeddings, shape: wanted.shape }).data, fixtures.floats(outputs.images), {
    atol: 1e-6,
  })
}
