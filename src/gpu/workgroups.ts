import { LimitError } from '../errors'
import type { Layout } from '../options'

/** Launch shape of a kernel that works on columns of classes. Both numbers are powers of two. */
export interface LaunchShape {
  readonly workgroupSize: number
  /** Invocations that share a column. */
  readonly lanes: number
}

/** Launch shape of the step kernel. */
export interface StepLaunchShape extends LaunchShape {
  /** Tokens that a workgroup decides, at most 64 (MAX_TILE of best_class.wgsl). */
  readonly tile: number
}

/** The properties of a step that its launch shape depends on. */
export interface StepSize {
  readonly layout: Layout
  readonly truncated: boolean
  /** Every token needs its logits. */
  readonly everyColumn: boolean
  /** Tokens of the whole batch. */
  readonly tokens: number
}

/** Launch shapes for one kind of device. */
export interface LaunchShapes {
  /** Of a kernel that reads every column. */
  columns(numCodes: number, layout: Layout): LaunchShape
  step(numCodes: number, size: StepSize): StepLaunchShape
}

/** Invocations in a workgroup of a kernel that gives each element an invocation (each_element.wgsl). */
const elementWorkgroupSize = 64

/** What the kernels need of a device. Every WebGPU device has more, also one of the compatibility feature level. */
const neededLimits = {
  maxComputeInvocationsPerWorkgroup: 64,
  maxComputeWorkgroupSizeX: 64,
  maxComputeWorkgroupStorageSize: 8192,
  maxStorageBuffersPerShaderStage: 8,
} as const

/** Throws LimitError unless the kernels fit the device. */
export function requireLimits({ limits }: GPUDevice): void {
  for (const [name, needed] of Object.entries(neededLimits)) {
    const limit = limits[name as keyof typeof neededLimits]
    if (limit < needed)
      throw new LimitError(`The kernels need ${name} of at least ${needed}; this device allows ${limit}.`)
  }
}

/** For GPUs. Workgroups have at most `largest` invocations, a power of two of at least 64. */
export const gpuLaunchShapes = (largest: number): LaunchShapes => ({
  // Several lanes for each column: few columns then occupy the GPU, and consecutive lanes load consecutive classes. In
  // the class-major layout the classes are apart, so there are fewer lanes and consecutive invocations load consecutive
  // pixels.
  columns: (numCodes, layout) => ({
    workgroupSize: 64,
    lanes: powerOfTwo(numCodes / 4, 1, layout === 'class-major' ? 8 : 64),
  }),
  // A lane loads sixteen classes at a time. When few columns are read, latency dominates: give a column as many lanes
  // as have work. When all are read, bandwidth dominates.
  step(numCodes, { layout, truncated, everyColumn, tokens }) {
    const coalesced = everyColumn && layout === 'class-major'
    const most = coalesced ? 16 : everyColumn && !truncated ? 128 : 256
    const lanes = powerOfTwo(numCodes / 16, 1, Math.min(largest, most))
    const workgroupSize = Math.max(Math.min(largest, coalesced ? 128 : 64), lanes)
    // First enough workgroups for every core, then enough tokens for each workgroup.
    const tile = everyColumn
      ? (workgroupSize / lanes) * (coalesced ? 1 : powerOfTwo(tokens / 8192, 1, 2))
      : powerOfTwo(tokens / (truncated ? 2048 : 1024), 2, 64)
    return { workgroupSize, lanes, tile: Math.min(64, tile) }
  },
})

/**
 * For an adapter that computes on the CPU, such as SwiftShader. It runs the invocations of a workgroup one after
 * another, and a barrier costs more than hundreds of classes, so an invocation has a column to itself. SwiftShader
 * executes four invocations as one SIMD group: if few columns are read, four lanes keep it busy. With very many classes
 * lanes share the column, since a float32 sum of so many terms would lose digits.
 */
export const softwareLaunchShapes: LaunchShapes = {
  columns: (numCodes) => ({ workgroupSize: 16, lanes: powerOfTwo(numCodes / 65536, 1, 16) }),
  step(_, { everyColumn }) {
    const lanes = everyColumn ? 1 : 4
    return { workgroupSize: 16 / lanes, lanes, tile: everyColumn ? 16 : 64 }
  },
}

export function launchShapesFor({ adapterInfo, limits }: GPUDevice): LaunchShapes {
  if (adapterInfo?.isFallbackAdapter) return softwareLaunchShapes
  const largest = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX)
  return gpuLaunchShapes(2 ** Math.floor(Math.log2(largest)))
}

/** The override constants of a kernel that works on columns. */
export function overrideConstants(numCodes: number, { workgroupSize, lanes }: LaunchShape) {
  return { NUM_CODES: numCodes, WORKGROUP_SIZE: workgroupSize, LANES: lanes }
}

/** Workgroups for a kernel that loops over columns. They have to fit one dimension of a dispatch. */
export function columnWorkgroups(
  { limits }: GPUDevice,
  columns: number,
  { workgroupSize, lanes }: LaunchShape,
): number {
  return Math.min(limits.maxComputeWorkgroupsPerDimension, Math.ceil((columns * lanes) / workgroupSize))
}

/** Workgroups for a kernel that gives each element an invocation. */
export function elementWorkgroups(elements: number): number {
  return Math.ceil(elements / elementWorkgroupSize)
}

/** The least power of two that is at least `value`, within bounds that are powers of two. */
function powerOfTwo(value: number, least: number, most: number): number {
  return Math.min(most, 2 ** Math.ceil(Math.log2(Math.max(least, value))))
}
