import addNoise from '../shaders/add_noise.wgsl?raw'
import applyCumulative from '../shaders/apply_cumulative.wgsl?raw'
import codebook from '../shaders/codebook.wgsl?raw'
import diagnostics from '../shaders/diagnostics.wgsl?raw'
import guide from '../shaders/guide.wgsl?raw'
import gumbelMax from '../shaders/gumbel_max.wgsl?raw'
import gumbelNoised from '../shaders/gumbel_noised.wgsl?raw'
import initialSample from '../shaders/initial_sample.wgsl?raw'
import known from '../shaders/known.wgsl?raw'
import logOnehot from '../shaders/log_onehot.wgsl?raw'
import posterior from '../shaders/posterior.wgsl?raw'
import puritySelect from '../shaders/purity_select.wgsl?raw'
import purityTop from '../shaders/purity_top.wgsl?raw'
import sharpen from '../shaders/sharpen.wgsl?raw'
import step from '../shaders/step.wgsl?raw'
import transition from '../shaders/transition.wgsl?raw'
import { LimitError, ShaderError } from './errors'
import { type Feature, specialise } from './shader'

/** Threads of every workgroup, and what a one-dimensional dispatch may count. */
export const workgroupSize = 64
const maxWorkgroupsPerDimension = 65535

const sources = {
  step,
  known,
  initial_sample: initialSample,
  posterior,
  gumbel_max: gumbelMax,
  log_onehot: logOnehot,
  transition,
  apply_cumulative: applyCumulative,
  guide,
  diagnostics,
  purity_top: purityTop,
  purity_select: puritySelect,
  sharpen,
  add_noise: addNoise,
  codebook,
  gumbel_noised: gumbelNoised,
}
export type KernelName = keyof typeof sources

/** One variant of a kernel: which features are compiled in, and the values of its override constants. */
export interface KernelVariant {
  readonly name: KernelName
  readonly features?: Partial<Record<Feature, boolean>>
  readonly constants: Readonly<Record<string, number>>
}

/** How many bind groups are kept: a chain alternates between two samples, and several chains may interleave. */
const bindGroupCacheSize = 64

type Binding = GPUBuffer | undefined

/** A kernel ready to run. */
interface Compiled {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

/** By label. The schedulers of a device share them, for compiling takes long. */
const compiledFor = new WeakMap<GPUDevice, Map<string, Compiled>>()

/** The compute pipelines of one device; the only place that creates pipelines and bind groups. */
export class Kernels {
  readonly #compiled: Map<string, Compiled>
  readonly #pending = new Map<string, Promise<void>>()
  readonly #bindGroups = new Map<string, GPUBindGroup>()
  readonly #bufferIds = new WeakMap<GPUBuffer, number>()
  #nextBufferId = 0

  constructor(readonly device: GPUDevice) {
    this.#compiled = compiledFor.get(device) ?? new Map()
    compiledFor.set(device, this.#compiled)
  }

  /** Compiles variants in parallel, off the calling thread. Rejects with ShaderError. */
  async compile(variants: readonly KernelVariant[]): Promise<void> {
    await Promise.all(
      variants.map((variant) => {
        const label = variantLabel(variant)
        if (this.#compiled.has(label)) return undefined
        const pending = this.#pending.get(label) ?? this.#compileOne(variant, label)
        this.#pending.set(label, pending)
        return pending.finally(() => this.#pending.delete(label))
      }),
    )
  }

  async #compileOne(variant: KernelVariant, label: string): Promise<void> {
    const { layout, descriptor } = this.#describe(variant, label)
    try {
      this.#compiled.set(label, { layout, pipeline: await this.device.createComputePipelineAsync(descriptor) })
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

  /** Records one dispatch, with the buffer of binding n at place n: undefined where the variant has none. */
  dispatch(pass: GPUComputePassEncoder, variant: KernelVariant, buffers: readonly Binding[], workgroups: number): void {
    const { pipeline, layout } = this.#compiledNow(variant)
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, this.#bindGroup(layout, buffers))
    pass.dispatchWorkgroups(...dispatchSize(workgroups))
  }

  #compiledNow(variant: KernelVariant): Compiled {
    const label = variantLabel(variant)
    const existing = this.#compiled.get(label)
    if (existing) return existing
    const { layout, descriptor } = this.#describe(variant, label)
    const compiled = { layout, pipeline: this.device.createComputePipeline(descriptor) }
    this.#compiled.set(label, compiled)
    return compiled
  }

  #describe({ name, features, constants }: KernelVariant, label: string) {
    const code = specialise(sources[name], features)
    // The bindings of group 0 are storage buffers all, and the shader says which are written. They do not depend on the
    // constants, which the label leaves out: variants that differ in these alone share bind groups.
    const layout = this.device.createBindGroupLayout({
      label: label.replace(/\w+=.*/, ''),
      entries: [...code.matchAll(/@binding\((\d+)\) ?var<storage, ?(read_write)?/g)].map(([, binding, written]) => ({
        binding: Number(binding),
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: written ? 'storage' : 'read-only-storage' },
      })),
    })
    const descriptor = {
      label,
      layout: this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module: this.device.createShaderModule({ label, code }), entryPoint: 'main', constants },
    }
    return { layout, descriptor }
  }

  /** A bind group for these buffers in this order, reused while it is among the most recent. */
  #bindGroup(layout: GPUBindGroupLayout, buffers: readonly Binding[]): GPUBindGroup {
    const key = `${layout.label}:${buffers.map((buffer) => buffer && this.#bufferId(buffer))}`
    const group = this.#bindGroups.get(key) ?? this.#createBindGroup(layout, buffers)
    // A Map iterates in order of insertion: inserting anew keeps the least recently used first.
    this.#bindGroups.delete(key)
    this.#bindGroups.set(key, group)
    if (this.#bindGroups.size > bindGroupCacheSize) this.#bindGroups.delete(this.#bindGroups.keys().next().value!)
    return group
  }

  #createBindGroup(layout: GPUBindGroupLayout, buffers: readonly Binding[]): GPUBindGroup {
    const entries = buffers.flatMap((buffer, binding) => (buffer ? [{ binding, resource: { buffer } }] : []))
    for (const { resource } of entries)
      requireBindable(this.device, `The buffer '${resource.buffer.label}'`, resource.buffer)
    return this.device.createBindGroup({ label: layout.label, layout, entries })
  }

  #bufferId(buffer: GPUBuffer): number {
    const id = this.#bufferIds.get(buffer) ?? this.#nextBufferId++
    this.#bufferIds.set(buffer, id)
    return id
  }
}

/** Throws LimitError if the buffer, which kernels bind as a whole, is larger than a binding may be. */
export function requireBindable({ limits }: GPUDevice, name: string, { size }: GPUBuffer): void {
  const limit = limits.maxStorageBufferBindingSize
  if (size > limit) throw new LimitError(`${name} needs a binding of ${size} bytes; this device allows ${limit}.`)
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

/** The same for the same variant, however its features are ordered. Made for every dispatch, so in plain loops. */
function variantLabel({ name, features = {}, constants }: KernelVariant): string {
  let label = `vqd/${name}/`
  for (const feature of Object.keys(features).sort()) if (features[feature as Feature]) label += `${feature},`
  for (const constant in constants) label += `${constant}=${constants[constant]},`
  return label
}
