/** The benchmark outside a browser, on Dawn: bundled by scripts/bench_node.mjs into a program of one file. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { command } from './command'
import { measure } from './measure'
import type { Options } from './options'

/** Where the program looks for Dawn unless it is told. */
const dawnBesideIt = fileURLToPath(new URL('dawn.node', import.meta.url))

process.exitCode = await command(process.argv.slice(2), async (options) => {
  provideWebGPU(options)
  return measure(options, `Dawn in Node ${process.versions.node}`, {
    loadPeer: {},
    log: (line) => console.error(line),
  })
})

/** Makes Dawn `navigator.gpu`, unless something else has. */
function provideWebGPU({ dawn = dawnBesideIt }: Options): void {
  if (globalThis.navigator?.gpu) return
  if (!existsSync(dawn))
    throw new RangeError(`There is no Dawn at ${dawn}: give it with --dawn, or start with npm run bench:node.`)
  const { create, globals } = createRequire(import.meta.url)(dawn) as {
    create: (options: readonly string[]) => GPU
    globals: Record<string, unknown>
  }
  Object.assign(globalThis, globals)
  // The process dies if what create() returns is collected while it runs; here it stays reachable.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) } })
}
