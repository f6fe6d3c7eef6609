import { readConfig, writeConfig } from '../../src/config'
import { originalPurityQuotas } from '../../src/purity_quota'
import { leadingTimesteps, scheduleTables, stridedTimesteps } from '../../src/schedule'
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
