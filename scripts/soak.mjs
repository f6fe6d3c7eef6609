/**
 * Many pictures in a row on both engines with flat memory, then chains that lose their device at random places:
 * `npm run soak -- --pictures 1000 --losses 200 --seed 1`.
 */
import { parseArgs } from 'node:util'
import { runInChromium } from './fuzz_page.mjs'

const { values } = parseArgs({
  options: {
    pictures: { type: 'string', default: '1000' },
    losses: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
})
await runInChromium(values)
