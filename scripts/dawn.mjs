/** Gives Node the WebGPU of Dawn, as `navigator.gpu`: `node --import ./scripts/dawn.mjs program.js`. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installDawn } from './dawn_package.mjs'

const folder = await installDawn()
const { create, globals } = await import(pathToFileURL(join(folder, 'index.js')).href)

Object.assign(globalThis, globals)
// The process dies if what create() returns is collected while it runs; here it stays reachable.
Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) } })
