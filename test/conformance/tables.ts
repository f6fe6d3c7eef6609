import { readConfig, writeConfig } from '../../src/config'
import { scheduleTables } from '../../src/process/schedule'
import { leadingTimesteps, stridedTimesteps } from '../../src/process/timesteps'
import { checkClose, checkEqual } from './checks'
import type { FixtureCase, Fixtures } from './fixtures'

/** Cases that need no GPU: tables, lists and configurations. */
export const tableOps: Record<string, (fixture: FixtureCase, fixtures: Fixtures) => void> = {
  schedule({ config, outputs }, fixtures) {
    const tables = scheduleTables(config)
    const names = {
      ...{ log_at: tables.logAt, log_bt: tables.logBt, log_ct: tables.logCt },
      ...{
        log_cumprod_at: tables.logCumprodAt,
        log_cumprod_bt: tables.logCumprodBt,
        log_cumprod_ct: tables.logCumprodCt,
      },
    }
    // Bit-equal, although the case would allow a tolerance.
    for (const [name, got] of Object.entries(names)) checkClose(name, got, fixtures.floats(outputs[name]), {})
  },

  scheduler_config({ params, outputs, check }) {
    const got = writeConfig(readConfig(params.init))
    const comparable = (json: object) =>
      Object.entries(json)
        .filter(([key]) => !check.ignore?.includes(key))
        .sort(([a], [b]) => (a < b ? -1 : 1))
    checkEqual('scheduler_config.json', comparable(got), comparable(outputs.json))
  },

  set_timesteps({ config, params, outputs }, fixtures) {
    const got = leadingTimesteps(params.num_inference_steps, config.num_train_timesteps)
    checkEqual('timesteps', got, [...fixtures.tokens(outputs.timesteps).data])
  },

  strided_timesteps({ config, params, outputs }, fixtures) {
    const got = stridedTimesteps(params.num_inference_steps, config.num_train_timesteps)
    checkEqual('timesteps', got, [...fixtures.tokens(outputs.timesteps).data])
  },

  purity_counts({ outputs }) {
    const got = Object.fromEntries(([10, 25, 50, 100] as const).map((T) => [T, originalPurityQuotas(T)]))
    checkEqual('quotas', got, outputs.json)
  },
}

/**
 * The quotas that the paper authors' code has for 1024 tokens, hard-coded there for 100, 50, 25 and 10 timesteps: tokens
 * to reveal at timestep index 0 to T − 1 (github.com/microsoft/VQ-Diffusion). `purityQuota` is close to
 * them. Those of 100 timesteps add up to 1025.
 */
function originalPurityQuotas(numTimesteps: 100 | 50 | 25 | 10): number[] {
  const repeat = (counts: number[], times: number) => Array.from({ length: times }, () => counts).flat()
  switch (numTimesteps) {
    case 100:
      return [1, ...repeat([10, 11, 10], 32), 10, 11, 11]
    case 50:
      return [10, ...repeat([21, 20], 24), 30]
    case 25:
      return [21, ...repeat([41], 23), 60]
    case 10:
      return [69, ...repeat([102], 8), 139]
  }
}
