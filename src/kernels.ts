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
import { maxWorkgroupsPerDimension } from './spread'

/** Threads of every workgroup that works element by element. */
export const workgroupSize = 64

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

/** A variant ready to run. */
export interface Kernel {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

/** What the schedulers of a device share: compiling takes long, and a device is lost for all. Kernels by label. */
interface Shared {
  readonly kernels: Map<string, Kernel>
  readonly pending: Map<string, Promise<void>>
  readonly layouts: Map<string, GPUBindGroupLayout>
  lost?: GPUDeviceLostInfo
}
const sharedOn = new WeakMap<GPUDevice, Shared>()

function sharedOf(device: GPUDevice): Shared {
  const existing = sharedOn.get(device)
  if (existing) return existing
  const shared: Shared = { kernels: new Map(), pending: new Map(), layouts: new Map() }
  sharedOn.set(device, shared)
  device.lost.then((info) => {
    shared.lost = info
  })
  return shared
}

/** The compute pipelines of one device; the only place that creates pipelines and bind groups. */
export class Kernels {
  readonly #shared: Shared
  /** The most recently used first. */
  readonly #bindGroups: { layout: GPUBindGroupLayout; buffers: readonly Binding[]; group: GPUBindGroup }[] = []

  constructor(readonly device: GPUDevice) {
    this.#shared = sharedOf(device)
  }

  /** How the device was lost, if it was. */
  get lost(): GPUDeviceLostInfo | undefined {
    return this.#shared.lost
  }

  /** Compiles variants in parallel, off the calling thread. Rejects with ShaderError. */
  async compile(variants: readonly KernelVariant[]): Promise<void> {
    const { kernels, pending } = this.#shared
    await Promise.all(
      variants.map((variant) => {
        const label = variantLabel(variant)
        if (kernels.has(label)) return undefined
        const compiling = pending.get(label) ?? this.#compileOne(variant, label).finally(() => pending.delete(label))
        pending.set(label, compiling)
        return compiling
      }),
    )
  }

  async #compileOne(variant: KernelVariant, label: string): Promise<void> {
    const { layout, descriptor } = this.#describe(variant, label)
    try {
      this.#shared.kernels.set(label, { layout, pipeline: await this.device.createComputePipelineAsync(descriptor) })
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
  dispatch(pass: GPUComputePassEncoder, kernel: Kernel, buffers: readonly Binding[], workgroups: number): void {
    const [x, y] = dispatchSize(workgroups)
    pass.setPipeline(kernel.pipeline)
    pass.setBindGroup(0, this.#bindGroup(kernel.layout, buffers))
    pass.dispatchWorkgroups(x, y)
  }

  /** The kernel of a variant, compiled on the spot unless it was ahead. */
  get(variant: KernelVariant): Kernel {
    const label = variantLabel(variant)
    const existing = this.#shared.kernels.get(label)
    if (existing) return existing
    const { layout, descriptor } = this.#describe(variant, label)
    const kernel = { layout, pipeline: this.device.createComputePipeline(descriptor) }
    this.#shared.kernels.set(label, kernel)
    return kernel
  }

  #describe({ name, features, constants }: KernelVariant, label: string) {
    const code = specialise(sources[name], features)
    // The bindings do not depend on the constants: variants that differ in these alone share bind groups.
    const layoutLabel = label.replace(/\w+=.*/, '')
    const layout = this.#shared.layouts.get(layoutLabel) ?? this.#createLayout(layoutLabel, code)
    const descriptor = {
      label,
      layout: this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module: this.device.createShaderModule({ label, code }), entryPoint: 'main', constants },
    }
    return { layout, descriptor }
  }

  /** The bindings of group 0 are storage buffers all, and the shader says which are written. */
  #createLayout(label: string, code: string): GPUBindGroupLayout {
    const layout = this.device.createBindGroupLayout({
      label,
      entries: [...code.matchAll(/@binding\((\d+)\) ?var<storage, ?(read_write)?/g)].map(([, binding, written]) => ({
        binding: Number(binding),
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: written ? 'storage' : 'read-only-storage' },
      })),
    })
    this.#shared.layouts.set(label, layout)
    return layout
  }

  /** A bind group for these buffers in this order, reused while it is among the most recent. */
  #bindGroup(layout: GPUBindGroupLayout, buffers: readonly Binding[]): GPUBindGroup {
    const groups = this.#bindGroups
    let place = 0
    while (place < groups.length && !(groups[place]!.layout === layout && sameItems(groups[place]!.buffers, buffers)))
      place++
    const [found = { layout, buffers, group: this.#createBindGroup(layout, buffers) }] = groups.splice(place, 1)
    groups.unshift(found)
    if (groups.length > bindGroupCacheSize) groups.pop()
    return found.group
  }

  #createBindGroup(layout: GPUBindGroupLayout, buffers: readonly Binding[]): GPUBindGroup {
    const entries = buffers.flatMap((buffer, binding) => (buffer ? [{ binding, resource: { buffer } }] : []))
    return this.device.createBindGroup({ label: layout.label, layout, entries })
  }
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return a.length === b.length
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

/** The same for the same variant, however its features are ordered. */
function variantLabel({ name, features = {}, constants }: KernelVariant): string {
  const enabled = (Object.keys(features) as Feature[]).filter((feature) => features[feature]).sort()
  return `vqd/${name}/${[...enabled, ...Object.entries(constants).map((constant) => constant.join('='))]}`
}
