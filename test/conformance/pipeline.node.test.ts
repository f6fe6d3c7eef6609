import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { pseudoLogits } from '../support/inputs'
import { type FixtureCase, Fixtures, type TensorSpec } from './fixtures'
import { checkPipeline } from './pipeline'
import { TwinEngine } from './twin_engine'

const folder = new URL('../fixtures/', import.meta.url)
const readStored = async (name: string) => new Uint8Array(await readFile(new URL(name, folder))).buffer

/** Divides the vector of every token by its L2 norm. */
function normalised(states: Float32Array, features: number): Float32Array {
  return states.map((value, i) => {
    const start = i - (i % features)
    return value / Math.hypot(...states.subarray(start, start + features))
  })
}

/**
 * The guided case of the golden tensors, with the states of the empty prompt [1, L, H] in place of the learned table. What
 * the network is conditioned on begins with these states, normalised, for each of the prompts.
 */
async function withUncondHidden(states: Float32Array): Promise<{ fixture: FixtureCase; engine: TwinEngine }> {
  const stored = await Fixtures.load(readStored)
  const source = stored.cases.find(({ op, params }) => op === 'pipeline' && params.guidance_scale > 1)!
  const { learned_uncond: learned, ...inputs } = source.inputs
  const [L = 0, H = 0] = learned!.shape
  const embeddings = stored.floats(source.outputs.encoder_hidden_states)
  const prompts = embeddings.shape[0]! / 2
  const file = 'derived.f32.bin'
  const wanted = Float32Array.from(embeddings.data)
  for (let item = 0; item < prompts; item++) wanted.set(normalised(states, H), item * L * H)
  const spec = (shape: readonly number[], offset: number, count: number): TensorSpec => ({
    dtype: 'f32',
    shape,
    file,
    offset,
    count,
  })
  const fixture: FixtureCase = {
    ...source,
    name: 'pipeline_uncond_hidden',
    inputs: { ...inputs, uncond_hidden: spec([1, L, H], 0, states.length) },
    outputs: {
      ...source.outputs,
      encoder_hidden_states: spec(embeddings.shape, states.byteLength, wanted.length),
    },
  }
  const fixtures = await Fixtures.load(async (name) => {
    if (name === 'fixtures.json') return new TextEncoder().encode(JSON.stringify({ cases: [fixture] })).buffer
    return name === file ? Float32Array.of(...states, ...wanted).buffer : readStored(name)
  })
  return { fixture, engine: new TwinEngine(fixtures) }
}

describe('a guided pipeline without learned_uncond', () => {
  const states = pseudoLogits(3 * 4, 1)

  it('takes uncond_hidden, the states of the empty prompt', async () => {
    const { fixture, engine } = await withUncondHidden(states)
    await checkPipeline(fixture, engine)
  })

  it('takes uncond_hidden that is normalised already: normalising it again changes nothing', async () => {
    const { fixture, engine } = await withUncondHidden(normalised(states, 4))
    await checkPipeline(fixture, engine)
  })

  it('fails if the expected states are others', async () => {
    const { fixture, engine } = await withUncondHidden(states)
    const other = { ...fixture, inputs: { ...fixture.inputs, uncond_hidden: fixture.inputs.text_hidden! } }
    await expect(checkPipeline(other, engine)).rejects.toThrow('encoder_hidden_states')
  })

  it('fails with neither', async () => {
    const { fixture, engine } = await withUncondHidden(states)
    const { uncond_hidden: _, ...inputs } = fixture.inputs
    await expect(checkPipeline({ ...fixture, inputs }, engine)).rejects.toThrow('learned_uncond or uncond_hidden')
  })
})
