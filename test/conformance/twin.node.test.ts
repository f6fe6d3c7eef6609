import { readFile } from 'node:fs/promises'
import { describe, it } from 'vitest'
import { Fixtures } from './fixtures'
import { engineOps, twinOnlyOps } from './run'
import { TwinEngine } from './twin_engine'

/** The reference's golden tensors on the CPU twin, in both layouts. */
const folder = new URL('../fixtures/', import.meta.url)
const fixtures = await Fixtures.load(async (name) => new Uint8Array(await readFile(new URL(name, folder))).buffer)
const engine = new TwinEngine(fixtures)

/** The largest cases take minutes on the CPU; they are tested on the GPU. */
const cases = fixtures.cases.filter(({ config }) => !config || config.num_vec_classes <= 600)

describe.each(Object.entries({ ...engineOps, ...twinOnlyOps }))('%s', (op, run) => {
  for (const fixture of cases) if (fixture.op === op) it(fixture.name, () => run(fixture, engine))
})
