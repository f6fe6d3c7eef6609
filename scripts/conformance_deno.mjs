/** Runs the conformance cases in Deno, on wgpu and naga, Firefox's WebGPU: `npm run conformance:deno -- DIR`. */
import { join } from 'node:path'
import { runConformance } from './conformance_runtime.mjs'
import { installPackage } from './npm_package.mjs'

const deno = await installPackage('deno', '2.9.6')

await runConformance(process.execPath, [join(deno, 'bin.cjs'), 'run', '--allow-all', '--no-config'])
