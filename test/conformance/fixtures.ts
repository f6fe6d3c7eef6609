import type { VQDiffusionSchedulerConfig } from 'vq-diffusion-webgpu'
import type { FloatTensor, TokenTensor } from '../support/host_tensor'

/** A tensor of the manifest: stored in a data file, or described by a rule. */
export interface TensorSpec {
  readonly dtype: 'f32' | 'u32'
  readonly shape: readonly number[]
  readonly file?: string
  readonly offset?: number
  readonly count?: number
  readonly proc?: 'uniform24' | 'scores24' | 'tokens24'
  readonly seed?: number
  readonly scale?: number
  readonly mask_fraction?: number
  readonly num_classes?: number
}

export interface Check {
  readonly kind: 'close' | 'index' | 'kept_set' | 'chi_square' | 'exact' | 'json_equal'
  readonly atol?: number
  readonly rtol?: number
  readonly margin_below_which_to_ignore?: number
  readonly ignore?: readonly string[]
}

/** One case of the manifest. The values of `params` and the names in `inputs` and `outputs` depend on `op`. */
export interface FixtureCase {
  readonly name: string
  readonly op: string
  readonly config: VQDiffusionSchedulerConfig
  // biome-ignore lint/suspicious/noExplicitAny: JSON whose form depends on the op
  readonly params: any
  readonly inputs: Record<string, TensorSpec>
  // biome-ignore lint/suspicious/noExplicitAny: JSON whose form depends on the op
  readonly outputs: any
  readonly check: Check
}

/** A fixture directory in the format of its README. */
export class Fixtures {
  private constructor(
    readonly cases: readonly FixtureCase[],
    private readonly files: ReadonlyMap<string, ArrayBuffer>,
  ) {}

  /** @param readFile gives the bytes of a file of the directory */
  static async load(readFile: (name: string) => Promise<ArrayBuffer>): Promise<Fixtures> {
    const manifest = JSON.parse(new TextDecoder().decode(await readFile('fixtures.json')))
    const names = new Set<string>()
    JSON.stringify(manifest.cases, (key, value) => {
      if (key === 'file') names.add(value)
      return value
    })
    const files = await Promise.all([...names].map(async (name) => [name, await readFile(name)] as const))
    return new Fixtures(manifest.cases, new Map(files))
  }

  /** The fixture directory at a web address. */
  static fetch(base: string): Promise<Fixtures> {
    return Fixtures.load(async (name) => {
      const response = await fetch(base + name)
      if (!response.ok) throw new Error(`${base}${name}: ${response.status}`)
      return response.arrayBuffer()
    })
  }

  floats(spec: TensorSpec): FloatTensor {
    const { shape } = spec
    if (!spec.proc) return { data: new Float32Array(this.slice(spec)), shape }
    const { seed = 0, scale = 1 } = spec
    const rule = spec.proc === 'uniform24' ? (v: number) => v : (v: number) => v * scale - scale / 2
    return { data: Float32Array.from({ length: size(shape) }, (_, i) => rule(hash24(seed, i) / 2 ** 24)), shape }
  }

  tokens(spec: TensorSpec): TokenTensor {
    const { shape } = spec
    if (!spec.proc) return { data: new Uint32Array(this.slice(spec)), shape }
    const { seed = 0, mask_fraction = 0, num_classes = 1 } = spec
    const token = (i: number) =>
      hash24(seed, i) / 2 ** 24 < mask_fraction ? num_classes : hash24(seed + 1, i) % num_classes
    return { data: Uint32Array.from({ length: size(shape) }, (_, i) => token(i)), shape }
  }

  private slice({ file, offset, count }: TensorSpec): ArrayBuffer {
    return this.files.get(file!)!.slice(offset!, offset! + count! * 4)
  }
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** The fixtures' own hash for procedural tensors: 24 bits. */
function hash24(seed: number, i: number): number {
  let x = (i + Math.imul(seed, 0x9e3779b9)) | 0
  x ^= x >>> 16
  x = Math.imul(x, 0x21f0aaad)
  x ^= x >>> 15
  x = Math.imul(x, 0x735a2d97)
  x ^= x >>> 15
  return x >>> 8
}
