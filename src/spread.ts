import type { Layout } from './step_options'

/** How a kernel that works on columns of classes spreads over invocations. Both are powers of two. */
export interface Spread {
  readonly workgroupSize: number
  /** Invocations that share a column. */
  readonly lanes: number
}

/** How a step does. */
export interface StepSpread extends Spread {
  /** Tokens that a workgroup decides at a time, 64 at most. */
  readonly tile: number
}

/** What the spread of a step depends on. */
export interface StepShape {
  readonly layout: Layout
  readonly truncated: boolean
  /** No token is settled before its logits are read. */
  readonly everyColumn: boolean
  /** Of the whole batch. */
  readonly tokens: number
}

/** Workgroups that one dimension of a dispatch holds: a kernel that loops over columns never needs more. */
export const maxWorkgroupsPerDimension = 65535

/**
 * For kernels that read every column. On a GPU many lanes share one: a few columns already fill it, and neighbours read
 * neighbouring classes. Where the classes lie apart, few lanes do: neighbours then read neighbouring pixels.
 *
 * An adapter that computes on the CPU runs the invocations of a workgroup in turn, and a barrier costs it more than
 * hundreds of classes: there each invocation has a column to itself.
 */
export function spreadFor(device: GPUDevice, numCodes: number, layout: Layout): Spread {
  if (device.adapterInfo?.isFallbackAdapter) return { workgroupSize: 16, lanes: 1 }
  return { workgroupSize: 64, lanes: powerOfTwo(numCodes / 4, 1, layout === 'class-major' ? 8 : 64) }
}

/**
 * For a step. A lane takes four groups of four classes at a time; few columns are read as fast as one is, and one is by as
 * many lanes as that gives work to. Where all are read, it is the reading that takes time.
 */
export function stepSpread(
  device: GPUDevice,
  numCodes: number,
  { layout, truncated, everyColumn, tokens }: StepShape,
): StepSpread {
  if (device.adapterInfo?.isFallbackAdapter) {
    // Four invocations run as one there, so that a single column keeps them busy.
    const lanes = everyColumn ? 1 : 4
    return { workgroupSize: 16 / lanes, lanes, tile: everyColumn ? 16 : 64 }
  }
  // Neighbours read neighbouring pixels.
  const apart = everyColumn && layout === 'class-major'
  const lanes = powerOfTwo(numCodes / 16, 1, apart ? 16 : everyColumn && !truncated ? 128 : 256)
  const workgroupSize = Math.max(apart ? 128 : 64, lanes)
  // Enough workgroups for every core, then enough tokens for each.
  const tile = everyColumn
    ? (workgroupSize / lanes) * (apart ? 1 : powerOfTwo(tokens / 8192, 1, 2))
    : powerOfTwo(tokens / (truncated ? 2048 : 1024), 2, 64)
  return { workgroupSize, lanes, tile: Math.min(64, tile) }
}

/** Override constants of a kernel that works on columns. */
export function columnConstants(numCodes: number, { workgroupSize, lanes }: Spread) {
  return { NUM_CODES: numCodes, WORKGROUP_SIZE: workgroupSize, LANES: lanes }
}

/** Workgroups for a kernel that loops over columns. */
export function columnWorkgroups(columns: number, { workgroupSize, lanes }: Spread): number {
  return Math.min(maxWorkgroupsPerDimension, Math.ceil((columns * lanes) / workgroupSize))
}

/** The power of two at or above a number, within bounds that are such. */
function powerOfTwo(value: number, least: number, most: number): number {
  return Math.min(most, 2 ** Math.ceil(Math.log2(Math.max(least, value))))
}
