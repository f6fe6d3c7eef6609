/** Runs the conformance cases in Node on Dawn, Chromium's WebGPU: `npm run conformance:dawn -- DIR`. */
import { runConformance } from './conformance_runtime.mjs'

await runConformance(process.execPath, ['--import', new URL('dawn.mjs', import.meta.url).href])
