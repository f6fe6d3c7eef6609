/** The benchmark in Node on Dawn, bundled by scripts/bench_node.mjs into one file; dawn.node lies beside it. */
import { createRequire } from 'node:module'
import { command } from './command'
import { measure } from './run'

process.exitCode = await command(process.argv.slice(2), async (selection) => {
  if (!globalThis.navigator?.gpu) provideWebGPU()
  return measure(selection, {
    runtime: `Dawn in Node ${process.versions.node}`,
    peers: {},
    log: (line) => console.error(line),
  })
})

function provideWebGPU(): void {
  const { create, globals } = createRequire(import.meta.url)('./dawn.node')
  Object.assign(globalThis, globals)
  // Dawn crashes if the result of create() is collected while it runs; here it stays reachable.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) } })
}
