import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import type { BrowserCommand } from 'vitest/node'

/** What tests in the browser have the converter do, which runs in Node. */
declare module 'vitest/browser' {
  interface BrowserCommands {
    /** A golden pipeline, converted: the files by their paths, in base64. */
    convertedGolden(name: string): Promise<Record<string, string>>
    /** The names of the graphs of full_width.ts. */
    fullWidthNames(): Promise<string[]>
    /** One of them, in base64. */
    fullWidthModel(name: string): Promise<string>
  }
}

async function load<Module>(file: string): Promise<Module> {
  return (await runnerImport<Module>(fileURLToPath(new URL(file, import.meta.url)))).module
}
const golden = () => load<typeof import('./converted_golden')>('converted_golden.ts')
const fullWidth = () => load<typeof import('./full_width')>('full_width.ts')
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

export const converterCommands: Readonly<Record<string, BrowserCommand<[name: string]>>> = {
  async convertedGolden(_, name) {
    const files = await (await golden()).convertedGolden(name)
    return Object.fromEntries([...files].map(([path, bytes]) => [path, base64(bytes)]))
  },
  async fullWidthNames() {
    return (await fullWidth()).fullWidthNames
  },
  async fullWidthModel(_, name) {
    return base64(await (await fullWidth()).fullWidthModel(name))
  },
}
