import { LimitError, ShaderError } from '../errors'
import { type Feature, type Features, type Shader, specialise } from './shader'
import { type BufferUse, inErrorScope } from './tensor'

/**
 * One variant of a kernel: the features compiled in, the override constants, and the bindings that the variant uses.
 */
export interface KernelVariant {
  readonly shader: Shader
  readonly features?: Features
  readonly constants?: Readonly<Record<string, number>>
  /** Names of the shader's bindings. All others are left out of the bind group. */
  readonly bindings: readonly string[]
}

/** A compiled variant. */
export interface Kernel {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
  readonly bindings: readonly BoundBinding[]
}

interface BoundBinding {
  readonly name: string
  readonly binding: number
  readonly readOnly: boolean
}

/** Buffers by the names of their bindings. A variant takes those that it uses. */
export type Buffers = Readonly<Record<string, GPUBuffer | undefined>>

/** Bind groups that are kept. A chain alternates between two samples, and several chains may interleave. */
const bindGroupCacheSize = 64

/**
 * The pipelines of a device, by the label of their variant. The schedulers of a device share them, since compilation
 * takes long.
 */
interface DevicePipelines {
  readonly kernels: Map<string, Kernel>
  readonly pending: Map<string, Promise<void>>
  readonly layouts: Map<string, GPUBindGroupLayout>
  lost?: GPUDeviceLostInfo
}
const pipelinesOf = new WeakMap<GPUDevice, DevicePipelines>()

function devicePipelines(device: GPUDevice): DevicePipelines {
  const existing = pipelinesOf.get(device)
  if (existing) return existing
  const pipelines: DevicePipelines = { kernels: new Map(), pending: new Map(), layouts: new Map() }
  pipelinesOf.set(device, pipelines)
  device.lost.then((info) => {
    pipelines.lost = info
  })
  return pipelines
}

/** Compiles and dispatches kernels: the only place that creates pipelines and bind groups. */
export class Kernels {
  readonly #pipelines: DevicePipelines
  /** The most recently used first. */
  readonly #bindGroups: { layout: GPUBindGroupLayout; buffers: readonly GPUBuffer[]; group: GPUBindGroup }[] = []
  #use = noUse()

  constructor(readonly device: GPUDevice) {
    this.#pipelines = devicePipelines(device)
  }

  /** How the device was lost, if it was. */
  get lost(): GPUDeviceLostInfo | undefined {
    return this.#pipelines.lost
  }

  /** Compiles variants in parallel, off the calling thread. Rejects with ShaderError. */
  async compile(variants: readonly KernelVariant[]): Promise<void> {
    const { kernels, pending } = this.#pipelines
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

  /** The kernel of a variant, compiled now unless `compile` has done it. */
  get(variant: KernelVariant): Kernel {
    const label = variantLabel(variant)
    const existing = this.#pipelines.kernels.get(label)
    if (existing) return existing
    const { descriptor, ...bindings } = this.#describe(variant, label)
    const kernel = { ...bindings, pipeline: this.device.createComputePipeline(descriptor) }
    this.#pipelines.kernels.set(label, kernel)
    return kernel
  }

  /** Records one dispatch. Throws LimitError, or Error if a buffer is missing that the kernel binds. */
  dispatch(pass: GPUComputePassEncoder, kernel: Kernel, buffers: Buffers, workgroups: number): void {
    const [x, y] = dispatchSize(workgroups, this.device.limits.maxComputeWorkgroupsPerDimension)
    pass.setPipeline(kernel.pipeline)
    pass.setBindGroup(0, this.#bindGroup(kernel, buffers))
    pass.dispatchWorkgroups(x, y)
    const { read, written, updated } = this.#use
    for (const { name, readOnly } of kernel.bindings) {
      const buffer = buffers[name]!
      if (!readOnly) (name === 'faults' ? updated : written).add(buffer)
      // What an earlier dispatch wrote does not depend on the content before.
      else if (!written.has(buffer)) read.add(buffer)
    }
  }

  /** The buffers of all dispatches from now to the next call. */
  noteUse(): BufferUse {
    this.#use = noUse()
    return this.#use
  }

  async #compileOne(variant: KernelVariant, label: string): Promise<void> {
    // The compilation reports what is wrong with the module.
    const [{ descriptor, ...bindings }] = inErrorScope(this.device, 'validation', () => this.#describe(variant, label))
    try {
      const pipeline = await this.device.createComputePipelineAsync(descriptor)
      this.#pipelines.kernels.set(label, { ...bindings, pipeline })
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

  #describe(variant: KernelVariant, label: string) {
    const { shader, features, constants } = variant
    const code = specialise(shader, features)
    const bindings = variant.bindings.map((name) => {
      const { binding, type } = shader.bindings[name]!
      return { name, binding, readOnly: type === 'read-only-storage' }
    })
    const layout = this.#layout(variant)
    const descriptor = {
      label,
      layout: this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: {
        module: this.device.createShaderModule({ label, code }),
        entryPoint: 'main',
        constants: constants ?? {},
      },
    }
    return { layout, bindings, descriptor }
  }

  /** Variants with the same bindings share a layout, and so their bind groups. */
  #layout({ shader, bindings }: KernelVariant): GPUBindGroupLayout {
    const label = `vqd/${shader.name}/${bindings}`
    const existing = this.#pipelines.layouts.get(label)
    if (existing) return existing
    const entries = bindings.map((name) => {
      const { binding, type } = shader.bindings[name]!
      return { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }
    })
    const layout = this.device.createBindGroupLayout({ label, entries })
    this.#pipelines.layouts.set(label, layout)
    return layout
  }

  /** The bind group of these buffers, reused while it is among the most recent. */
  #bindGroup({ layout, bindings }: Kernel, named: Buffers): GPUBindGroup {
    const groups = this.#bindGroups
    let place = 0
    while (
      place < groups.length &&
      !(groups[place]!.layout === layout && binds(groups[place]!.buffers, bindings, named))
    )
      place++
    const [found = this.#createBindGroup(layout, bindings, named)] = groups.splice(place, 1)
    groups.unshift(found)
    if (groups.length > bindGroupCacheSize) groups.pop()
    return found.group
  }

  #createBindGroup(layout: GPUBindGroupLayout, bindings: readonly BoundBinding[], named: Buffers) {
    const buffers = bindings.map(({ name }) => {
      const buffer = named[name]
      if (!buffer) throw new Error(`${layout.label}: the binding '${name}' has no buffer.`)
      return buffer
    })
    const entries = bindings.map(({ binding }, i) => ({ binding, resource: { buffer: buffers[i]! } }))
    return { layout, buffers, group: this.device.createBindGroup({ label: layout.label, layout, entries }) }
  }
}

function noUse() {
  return { read: new Set<GPUBuffer>(), written: new Set<GPUBuffer>(), updated: new Set<GPUBuffer>() }
}

function binds(buffers: readonly GPUBuffer[], bindings: readonly BoundBinding[], named: Buffers): boolean {
  for (let i = 0; i < bindings.length; i++) if (named[bindings[i]!.name] !== buffers[i]) return false
  return true
}

/** A dispatch of at least `workgroups` workgroups within the limit of each dimension; kernels skip the surplus. */
function dispatchSize(workgroups: number, limit: number): [number, number] {
  const x = Math.min(workgroups, limit)
  const y = Math.ceil(workgroups / x)
  if (y > limit)
    throw new LimitError(`A dispatch can have at most ${limit ** 2} workgroups on this device; needed ${workgroups}.`)
  return [x, y]
}

/** The same for equal variants, in whatever order their features are given. */
function variantLabel({ shader, features = {}, constants = {} }: KernelVariant): string {
  const enabled = (Object.keys(features) as Feature[]).filter((feature) => features[feature]).sort()
  return `vqd/${shader.name}/${[...enabled, ...Object.entries(constants).map((constant) => constant.join('='))]}`
}
