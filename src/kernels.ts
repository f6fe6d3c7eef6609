import addNoise from '../shaders/add_noise.wgsl?raw'
import applyCumulative from '../shaders/apply_cumulative.wgsl?raw'
import codebook from '../shaders/codebook.wgsl?raw'
import diagnostics from '../shaders/diagnostics.wgsl?raw'
import guide from '../shaders/guide.wgsl?raw'
import gumbelMax from '../shaders/gumbel_max.wgsl?raw'
import gumbelNoised from '../shaders/gumbel_noised.wgsl?raw'
import initialSample from '../shaders/initial_sample.wgsl?raw'
import logOnehot from '../shaders/log_onehot.wgsl?raw'
import posterior from '../shaders/posterior.wgsl?raw'
import puritySelect from '../shaders/purity_select.wgsl?raw'
import purityTop from '../shaders/purity_top.wgsl?raw'
import sharpen from '../shaders/sharpen.wgsl?raw'
import stepDecide from '../shaders/step_decide.wgsl?raw'
import stepDraw from '../shaders/step_draw.wgsl?raw'
import transition from '../shaders/transition.wgsl?raw'
import { LimitError, ShaderError } from './errors'
import { type Feature, specialise } from './shader'

/** Threads of every workgroup, and what a one-dimensional dispatch may count. */
export const workgroupSize = 64
const maxWorkgroupsPerDimension = 65535

type Access = 'read' | 'write'
interface KernelSource {
  readonly source: string
  /** Access of bindings 0, 1, … of group 0, all of them storage buffers. */
  readonly bindings: readonly Access[]
  /** Bindings that follow under a feature. */
  readonly featureBindings?: Partial<Record<Feature, readonly Access[]>>
}

const sources = {
  step_decide: {
    source: stepDecide,
    bindings: ['read', 'read', 'write', 'write', 'write', 'write'],
    featureBindings: { KNOWN: ['read', 'read'] },
  },
  step_draw: {
    source: stepDraw,
    bindings: ['read', 'read', 'read', 'read', 'write', 'write', 'write'],
    featureBindings: { GUIDED: ['read'] },
  },
  initial_sample: { source: initialSample, bindings: ['read', 'write'] },
  posterior: { source: posterior, bindings: ['read', 'read', 'read', 'write'] },
  gumbel_max: {
    source: gumbelMax,
    bindings: ['read', 'read', 'read', 'read', 'write', 'write'],
    featureBindings: { GUIDED: ['read'] },
  },
  log_onehot: { source: logOnehot, bindings: ['read', 'read', 'write', 'write'] },
  transition: { source: transition, bindings: ['read', 'read', 'write'] },
  apply_cumulative: { source: applyCumulative, bindings: ['read', 'read', 'write'] },
  guide: { source: guide, bindings: ['read', 'read', 'write'], featureBindings: { GUIDED: ['read'] } },
  diagnostics: {
    source: diagnostics,
    bindings: ['read', 'read', 'read', 'read', 'write', 'write', 'write'],
    featureBindings: { GUIDED: ['read'] },
  },
  purity_top: {
    source: purityTop,
    bindings: ['read', 'read', 'write', 'write'],
    featureBindings: { GUIDED: ['read'] },
  },
  purity_select: { source: puritySelect, bindings: ['read', 'read', 'read', 'write', 'write', 'write', 'write'] },
  sharpen: { source: sharpen, bindings: ['read', 'read', 'read', 'write'] },
  add_noise: { source: addNoise, bindings: ['read', 'read', 'write', 'write'] },
  codebook: { source: codebook, bindings: ['read', 'read', 'read', 'write', 'write'] },
  gumbel_noised: { source: gumbelNoised, bindings: ['read', 'read', 'read', 'write'] },
} as const satisfies Record<string, KernelSource>
export type KernelName = keyof typeof sources

/** One variant of a kernel: which features are compiled in, and the values of its override constants. */
export interface KernelVariant {
  readonly name: KernelName
  readonly features?: Partial<Record<Feature, boolean>>
  readonly constants: Readonly<Record<string, number>>
}

/** How many bind groups are kept: a chain alternates between two samples, and several chains may interleave. */
const bindGroupCacheSize = 64

/** The compute pipelines of one device; the only place that creates pipelines and bind groups. */
export class Kernels {
  readonly #pipelines = new Map<string, GPUComputePipeline>()
  readonly #pending = new Map<string, Promise<void>>()
  readonly #layouts = new Map<string, GPUBindGroupLayout>()
  readonly #bindGroups = new Map<string, GPUBindGroup>()
  readonly #bufferIds = new WeakMap<GPUBuffer, number>()
  #nextBufferId = 0

  constructor(readonly device: GPUDevice) {}

  /** Compiles variants in parallel, off the calling thread. Rejects with ShaderError. */
  async compile(variants: readonly KernelVariant[]): Promise<void> {
    await Promise.all(
      variants.map((variant) => {
        const label = variantLabel(variant)
        if (this.#pipelines.has(label)) return undefined
        const pending = this.#pending.get(label) ?? this.#compileOne(variant, label)
        this.#pending.set(label, pending)
        return pending.finally(() => this.#pending.delete(label))
      }),
    )
  }

  async #compileOne(variant: KernelVariant, label: string): Promise<void> {
    const descriptor = this.#describe(variant, label)
    try {
      this.#pipelines.set(label, await this.device.createComputePipelineAsync(descriptor))
    } catch (cause) {
      const { messages } = await descriptor.compute.module.getCompilationInfo()
      const details = messages.map(
        (message) => `${message.lineNum}:${message.linePos} ${message.type}: ${message.message}`,
      )
      throw new ShaderError([`The shader ${label} was refused: ${(cause as Error).message}`, ...details].join('\n'), {
        cause,
      })
    }
  }

  /** Records one dispatch: a number of workgroups, or indirect arguments. */
  dispatch(
    pass: GPUComputePassEncoder,
    variant: KernelVariant,
    buffers: readonly GPUBuffer[],
    workgroups: number | GPUBuffer,
  ): void {
    const label = variantLabel(variant)
    pass.setPipeline(this.#pipeline(variant, label))
    pass.setBindGroup(0, this.#bindGroup(variant, buffers))
    if (typeof workgroups !== 'number') pass.dispatchWorkgroupsIndirect(workgroups, 0)
    else pass.dispatchWorkgroups(...dispatchSize(workgroups))
  }

  #pipeline(variant: KernelVariant, label: string): GPUComputePipeline {
    const existing = this.#pipelines.get(label)
    if (existing) return existing
    const created = this.device.createComputePipeline(this.#describe(variant, label))
    this.#pipelines.set(label, created)
    return created
  }

  #describe(variant: KernelVariant, label: string) {
    const code = specialise(sources[variant.name].source, variant.features)
    return {
      label,
      layout: this.device.createPipelineLayout({ label, bindGroupLayouts: [this.#layout(variant)] }),
      compute: {
        module: this.device.createShaderModule({ label, code }),
        entryPoint: 'main',
        constants: variant.constants,
      },
    }
  }

  #layout(variant: KernelVariant): GPUBindGroupLayout {
    const kernel: KernelSource = sources[variant.name]
    const features = Object.entries(kernel.featureBindings ?? {}).filter(
      ([name]) => variant.features?.[name as Feature],
    )
    const bindings = [...kernel.bindings, ...features.flatMap(([, accesses]) => accesses)]
    const label = `vqd/${variant.name}${features.map(([name]) => `/${name}`).join('')}`
    const existing = this.#layouts.get(label)
    if (existing) return existing
    const created = this.device.createBindGroupLayout({
      label,
      entries: bindings.map((access, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
      })),
    })
    this.#layouts.set(label, created)
    return created
  }

  /** A bind group for these buffers in this order, reused while it is among the most recent. */
  #bindGroup(variant: KernelVariant, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const layout = this.#layout(variant)
    const key = `${layout.label}:${buffers.map((buffer) => this.#bufferId(buffer)).join(',')}`
    const group = this.#bindGroups.get(key) ?? this.#createBindGroup(layout, buffers)
    // A Map iterates in order of insertion: inserting anew keeps the least recently used first.
    this.#bindGroups.delete(key)
    this.#bindGroups.set(key, group)
    if (this.#bindGroups.size > bindGroupCacheSize) this.#bindGroups.delete(this.#bindGroups.keys().next().value!)
    return group
  }

  #createBindGroup(layout: GPUBindGroupLayout, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const limit = this.device.limits.maxStorageBufferBindingSize
    for (const { label, size } of buffers) {
      if (size > limit)
        throw new LimitError(`The buffer '${label}' needs a binding of ${size} bytes; this device allows ${limit}.`)
    }
    return this.device.createBindGroup({
      label: layout.label,
      layout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    })
  }

  #bufferId(buffer: GPUBuffer): number {
    const id = this.#bufferIds.get(buffer) ?? this.#nextBufferId++
    this.#bufferIds.set(buffer, id)
    return id
  }
}

/** Workgroups that cover `count` invocations, one each. */
export function workgroupsFor(count: number): number {
  return Math.ceil(count / workgroupSize)
}

/** A dispatch of at least `workgroups` workgroups within the per-dimension limit; kernels skip what is too many. */
function dispatchSize(workgroups: number): [number, number] {
  const x = Math.min(workgroups, maxWorkgroupsPerDimension)
  const y = Math.ceil(workgroups / x)
  if (y > maxWorkgroupsPerDimension)
    throw new LimitError(
      `A dispatch can have at most ${maxWorkgroupsPerDimension ** 2} workgroups; needed ${workgroups}.`,
    )
  return [x, y]
}

function variantLabel({ name, features, constants }: KernelVariant): string {
  const on = Object.entries(features ?? {}).flatMap(([feature, value]) => (value ? [feature] : []))
  const values = Object.entries(constants).map(([constant, value]) => `${constant}=${value}`)
  return `vqd/${name}/${[...on, ...values].join(',')}`
}
