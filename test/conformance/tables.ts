import type { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { checkClose, checkEqual } from '../support/checks'
import type { FixtureCase } from './fixtures'
import type { TwinEngine } from './twin_engine'

type TableCase = (fixture: FixtureCase, engine: TwinEngine) => Promise<void>

/** The tables of one timestep are NaN in the reference; here such a configuration is refused. */
function needsConfigError(test: TableCase): TableCase {
  return async (fixture, engine) => {
    if (fixture.config.num_train_timesteps > 1) return test(fixture, engine)
    const error = await engine.scheduler(fixture).then(
      () => 'none',
      (reason: Error) => reason.name,
    )
    checkEqual('error', error, 'ConfigError')
  }
}

function countRevealed({ data }: CpuTensor): number {
  return data.filter((token) => token < 2).length
}

/** Cases that need no GPU: tables, lists of timesteps and configurations. */
export const tableOps: Record<string, TableCase> = {
  schedule: needsConfigError(async (fixture, engine) => {
    const scheduler = await engine.scheduler(fixture)
    const names = {
      log_at: scheduler.logAt,
      log_bt: scheduler.logBt,
      log_ct: scheduler.logCt,
      log_cumprod_at: scheduler.logCumprodAt,
      log_cumprod_bt: scheduler.logCumprodBt,
      log_cumprod_ct: scheduler.logCumprodCt,
    }
    // Bit-equal, although the case would allow a tolerance.
    for (const [name, got] of Object.entries(names))
      checkClose(name, got, engine.fixtures.floats(fixture.outputs[name]), {})
  }),

  scheduler_config: needsConfigError(async (fixture, engine) => {
    const { params, outputs, check } = fixture
    const scheduler = await engine.scheduler({ config: params.init })
    const comparable = (json: object) =>
      Object.entries(json)
        .filter(([key]) => !check.ignore?.includes(key))
        .sort(([a], [b]) => (a < b ? -1 : 1))
    checkEqual('scheduler_config.json', comparable(scheduler.toJSON()), comparable(outputs.json))
  }),

  async set_timesteps(fixture, engine) {
    const scheduler = await engine.scheduler(fixture)
    scheduler.setTimesteps(fixture.params.num_inference_steps, { spacing: 'leading' })
    checkEqual('timesteps', scheduler.timesteps, [...engine.fixtures.tokens(fixture.outputs.timesteps).data])
  },

  async strided_timesteps(fixture, engine) {
    const scheduler = await engine.scheduler(fixture)
    scheduler.setTimesteps(fixture.params.num_inference_steps)
    checkEqual('timesteps', scheduler.timesteps, [...engine.fixtures.tokens(fixture.outputs.timesteps).data])
  },

  /**
   * The authors' code has the number of tokens that are revealed at each timestep as lists for 1024 tokens. The engine
   * computes it for any number of tokens; on the way it is never further from the lists than a step's share.
   */
  async purity_counts({ outputs }, engine) {
    const N = 1024
    for (const [T, quotas] of Object.entries(outputs.json as Record<string, number[]>)) {
      const scheduler = await engine.scheduler({ config: { num_vec_classes: 3, num_train_timesteps: Number(T) } })
      const logits = engine.upload({ data: new Float32Array(2 * N), shape: [1, 2, N] })
      const generator = engine.generator()
      let sample: CpuTensor = scheduler.initialSample([1, N], { start: 'mask' })
      let listed = 0
      for (const t of scheduler.timesteps) {
        sample = scheduler.purityStep(logits, t, sample, { generator, previousTimestep: t - 1 }).prevSample
        const revealed = countRevealed(sample)
        listed += quotas[t]!
        if (Math.abs(revealed - listed) > N / Number(T))
          throw new Error(`${revealed} of ${N} tokens are revealed after t = ${t} of ${T}, the lists say ${listed}`)
      }
      checkEqual(`revealed after the last of ${T} timesteps`, countRevealed(sample), N)
    }
  },
}
