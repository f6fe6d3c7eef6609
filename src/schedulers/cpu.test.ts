import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { checkClose, checkTokens } from '../../test/conformance/checks'
import { Fixtures } from '../../test/conformance/fixtures'
import { goodnessOfFit } from '../../test/statistics'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import { RandomGenerator } from '../random'

const folder = new URL('../../test/fixtures/', import.meta.url)
const fixtures = await Fixtures.load(async (name) => new Uint8Array(await readFile(new URL(name, folder))).buffer)
/** The largest cases belong to the GPU; here they would take minutes. */
const cases = (op: string) => fixtures.cases.filter((c) => c.op === op && c.config.num_vec_classes <= 600)

describe('q_posterior', () => {
  for (const { name, config, params, inputs, outputs, check } of cases('q_posterior'))
    it(name, async () => {
      const scheduler = await VQDiffusionScheduler.create(config)
      const source = fixtures.floats(inputs.log_p_x0!)
      const logPX0 = new CpuTensor(source.data, source.shape)
      const { data, shape } = fixtures.tokens(inputs.x_t!)
      const got = scheduler.qPosterior(logPX0, new CpuTensor(data, shape), params.t)
      checkClose('log_p_prev', got.data, fixtures.floats(outputs.log_p_prev), check)
    })
})

describe('step with supplied noise', () => {
  for (const { name, config, params, inputs, outputs, check } of cases('step'))
    it(name, async () => {
      const scheduler = await VQDiffusionScheduler.create(config)
      const [model, uniform] = [fixtures.floats(inputs.model_output!), fixtures.floats(inputs.uniform!)]
      const { data, shape } = fixtures.tokens(inputs.x_t!)
      const noise = new CpuTensor(uniform.data, uniform.shape)
      const options = { noise, previousTimestep: params.t - 1 }
      const { prevSample } = scheduler.step(
        new CpuTensor(model.data, model.shape),
        params.t,
        new CpuTensor(data, shape),
        options,
      )
      const want = fixtures.tokens(outputs.x_prev)
      checkTokens('x_prev', prevSample.data, want, fixtures.floats(outputs.margin), check.margin_below_which_to_ignore)
    })
})

describe('step by a generator has the exact law (2¹⁷ draws, α = 1e-6)', () => {
  for (const { name, config, params, outputs } of cases('exact_posterior'))
    it(name, async () => {
      const scheduler = await VQDiffusionScheduler.create(config)
      const draws = 2 ** 17
      const logits: number[] = params.log_p_x0
      const modelOutput = new CpuTensor(
        Float32Array.from({ length: draws * logits.length }, (_, i) => logits[i % logits.length]!),
        [1, draws, logits.length],
      )
      const sample = scheduler.uploadTokens(new Uint32Array(draws).fill(params.x_t), [1, draws])
      const generator = new RandomGenerator(0xc0ffee)
      const options = { generator, layout: 'pixel-major', previousTimestep: params.previous_t } as const
      const { prevSample } = scheduler.step(modelOutput, params.t, sample, options)
      const counts = new Uint32Array(scheduler.numEmbed)
      for (const token of prevSample.data) counts[token]!++
      expect(goodnessOfFit(counts, outputs.probs)).toBeGreaterThan(1e-6)
    })
})
