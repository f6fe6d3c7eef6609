/** A .wgsl file as the build imports it (scripts/wgsl_plugin.ts). */
export interface Shader {
  /** The file's name, which labels pipelines and bind groups. */
  readonly name: string
  /** The WGSL of the file, with its `//#include` and `//#if` directives. */
  readonly source: string
  /** The files that its `//#include` directives name. */
  readonly includes: Readonly<Record<string, Shader>>
  /** The storage buffers of group 0 that the file declares, by their names in WGSL. */
  readonly bindings: Readonly<Record<string, ShaderBinding>>
}

/** A storage buffer that a shader declares in group 0. */
export interface ShaderBinding {
  /** The number in `@binding(…)`. */
  readonly binding: number
  /** Type of the buffer in a bind group layout. */
  readonly type: 'storage' | 'read-only-storage'
  /** Where the fields lie, if the buffer holds a struct. */
  readonly layout?: Layout
}

/** Memory layout of a WGSL type; offsets, strides and sizes count 32-bit words. */
export type Layout = ScalarLayout | StructLayout | ArrayLayout

/** A scalar, or a vector of `length` components. */
export interface ScalarLayout {
  /** Type of the components. */
  readonly scalar: 'u32' | 'f32'
  /** Number of components, 1 for a scalar. */
  readonly length: number
}

/** Memory layout of a struct. */
export interface StructLayout {
  /** Size without the runtime-sized array that may end the struct. */
  readonly words: number
  /** Name, offset and layout of each field, in order. */
  readonly fields: readonly (readonly [name: string, offset: number, layout: Layout])[]
}

/** Memory layout of an array. */
export interface ArrayLayout {
  /** Distance of two elements, in 32-bit words. */
  readonly stride: number
  /** Layout of an element. */
  readonly element: Layout
}

/**
 * What `//#if` directives may test.
 *
 * - GUIDED: classifier-free guidance, a second buffer of logits
 * - F16: logits are halves, two in a word
 * - VECTORS: a column's classes lie together, so that four are read at once
 * - TRUNCATED: the draw is truncated
 * - CLASS_RANGES: each latent pixel has a range of classes of its own
 * - KNOWN: some latent pixels are known
 * - COUNTED: gumbel_max counts tokens that are no class, or that the process cannot produce
 * - POSTERIOR: gumbel_max draws from the posterior of the logits, not from the logits
 */
export type Feature = (typeof featureNames)[number]
export const featureNames = [
  'CLASS_RANGES',
  'COUNTED',
  'F16',
  'GUIDED',
  'KNOWN',
  'POSTERIOR',
  'TRUNCATED',
  'VECTORS',
] as const
/** The features that are compiled in; those that are left out are off. */
export type Features = Readonly<Partial<Record<Feature, boolean>>>

/**
 * WGSL of one variant of a shader: each `//#include` is replaced by that file where it first appears, and `//#if NAME`,
 * `//#else`, `//#endif` select lines by the features.
 */
export function specialise(shader: Shader, features: Features = {}): string {
  const included = new Set<Shader>()
  const expand = ({ source, includes }: Shader): string =>
    source.replace(/\/\/#include "([^"]+)"/g, (_, name: string) => {
      const file = includes[name]!
      return included.has(file) ? '' : expand(included.add(file) && file)
    })
  return selectLines(expand(shader), features)
}

function selectLines(text: string, features: Features): string {
  /** Of each open `//#if`, whether the lines belong to the branch that is taken. */
  const open: boolean[] = []
  const selected = text.split('\n').filter((line) => {
    const [, directive, name] = /^\s*\/\/#(if|else|endif)\b\s*(\w*)/.exec(line) ?? []
    if (directive === 'if') open.push(features[name as Feature] ?? false)
    else if (directive === 'else') open.push(!open.pop())
    else if (directive === 'endif') open.pop()
    return directive === undefined && open.every(Boolean)
  })
  return selected.join('\n')
}
