import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { type ArrayInfo, type StructInfo, type TypeInfo, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js'
import { type Layout, type Shader, specialise } from '../src/gpu/shader.ts'

const shaders = fileURLToPath(new URL('../shaders/', import.meta.url))

/** The file that `//#include "name"` names: beside the including file if it begins with './', else below shaders/. */
function includedFile(name: string, from: string): string {
  return name.startsWith('./') ? resolve(dirname(from), name) : resolve(shaders, name)
}

/** Names of the files that a .wgsl file includes. */
function includesOf(source: string): string[] {
  return [...source.matchAll(/^\/\/#include "([^"]+)"/gm)].map(([, name]) => name!)
}

/** Removes comments, indentation and empty lines; directives (`//#`) and names stay. */
export function stripWgsl(source: string): string {
  return source
    .replace(/\/\/(?!#).*$/gm, '')
    .replace(/^\s+|[ \t]+$/gm, '')
    .trim()
}

/** Throws unless every `//#if` of a file has its `//#endif`: without it, the lines that follow would be left out. */
function requireBalance(file: string, source: string): void {
  const count = (directive: string) => source.split(`//#${directive}`).length
  if (count('if ') !== count('endif')) throw new Error(`${file} needs an //#endif for each //#if.`)
}

/** Reads a .wgsl file with all that it includes, each file once, and reflects its bindings. */
export function readShader(
  file: string,
  transform: (source: string) => string = (source) => source,
  seen: Map<string, Shader> = new Map(),
): Shader {
  const text = readFileSync(file, 'utf8')
  requireBalance(file, text)
  const includes = Object.fromEntries(
    includesOf(text).map((name) => {
      const path = includedFile(name, file)
      const included = seen.get(path) ?? readShader(path, transform, seen)
      seen.set(path, included)
      return [name, included]
    }),
  )
  const shader = { name: basename(file, '.wgsl'), source: transform(text), includes }
  return { ...shader, bindings: reflectBindings({ ...shader, bindings: {} }) }
}

/** The storage buffers that a file declares itself. Their declarations stand outside of `//#if`. */
function reflectBindings(shader: Shader): Shader['bindings'] {
  if (!shader.source.includes('@binding(')) return {}
  const { storage } = new WgslReflect(specialise(shader))
  return Object.fromEntries(
    storage.map(({ name, binding, access, type }) => [
      name,
      {
        binding,
        type: access === 'read_write' ? ('storage' as const) : ('read-only-storage' as const),
        ...(type.isStruct && { layout: layoutOf(type) }),
      },
    ]),
  )
}

function layoutOf(type: TypeInfo): Layout {
  if (type.isStruct) {
    const { members, size } = type as StructInfo
    const last = members.at(-1)!
    // The size that reflection gives a struct with a runtime-sized array is that of the fields before the array.
    const words = (last.type.isArray ? last.offset : size) / 4
    return { words, fields: members.map((member) => [member.name, member.offset / 4, layoutOf(member.type)]) }
  }
  if (type.isArray) {
    const { stride, format } = type as ArrayInfo
    return { stride: stride / 4, element: layoutOf(format!) }
  }
  const scalar = /^(?:vec[234])?<?(f|u)(?:32)?>?$/.exec(type.getTypeName())
  if (!scalar) throw new Error(`A parameter of type ${type.getTypeName()} cannot be written from the host.`)
  return { scalar: scalar[1] === 'f' ? 'f32' : 'u32', length: type.size / 4 }
}

/**
 * `import step from './step.wgsl'` gives a Shader of src/gpu/shader.ts: the text, the included files as imports of
 * their own, so that a bundler keeps one copy of each and leaves out the unused ones, and the reflected bindings.
 *
 * @param options.strip whether to strip comments and indentation; by default a build does, and a dev server keeps them for the
 *   line numbers of compilation errors
 */
export function wgsl({ strip }: { strip?: boolean } = {}): Plugin {
  let transform: (source: string) => string
  return {
    name: 'wgsl',
    enforce: 'pre',
    configResolved({ command }) {
      transform = (strip ?? command === 'build') ? stripWgsl : (source) => source
    },
    load(file) {
      if (!file.endsWith('.wgsl')) return undefined
      const { name, source, includes, bindings } = readShader(file, transform)
      const names = Object.keys(includes)
      const imports = names.map(
        (included, i) => `import include${i} from ${JSON.stringify(includedFile(included, file))}`,
      )
      const included = names.map((name, i) => `${JSON.stringify(name)}: include${i}`)
      return [
        ...imports,
        `export default { name: ${JSON.stringify(name)}, source: ${JSON.stringify(source)},`,
        `includes: { ${included.join(', ')} }, bindings: ${JSON.stringify(bindings)} }`,
      ].join('\n')
    },
  }
}
