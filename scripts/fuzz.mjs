/**
 * Random calls on both engines: `npm run fuzz -- --calls 100000 --seed 1`. A failure prints the smallest calls that show
 * it, and the seed and block to run again: `--seed 1 --block 3`.
 */
import { parseArgs } from 'node:util'
import { runInChromium } from './fuzz_page.mjs'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    block: { type: 'string', default: '0' },
  },
})
await runInChromium(values)
