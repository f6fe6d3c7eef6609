import { readdirSync, readFileSync } from 'node:fs'
import type { Plugin } from 'vite'
import { minifyWgsl } from './minify_wgsl.ts'

/** `import text from 'x.wgsl?raw'` gives the minified text. */
export function minifiedShaders(directory: string): Plugin {
  const minified = new Map<string, string>()
  return {
    name: 'minified-shaders',
    apply: 'build',
    enforce: 'pre',
    buildStart() {
      const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
      const paths = files.filter((file) => file.endsWith('.wgsl')).map((file) => `${directory}/${file}`)
      const texts = minifyWgsl(paths.map((path) => readFileSync(path, 'utf8')))
      for (const [i, path] of paths.entries()) minified.set(path, texts[i]!)
    },
    load(id) {
      const text = id.endsWith('.wgsl?raw') ? minified.get(id.slice(0, -'?raw'.length)) : undefined
      return text === undefined ? undefined : `export default ${JSON.stringify(text)}`
    },
  }
}
