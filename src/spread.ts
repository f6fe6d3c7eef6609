import type { Layout } from './step_options'

/** How a kernel that works on columns of classes spreads over invocations. Both are powers of two. */
export interface Spread {
  readonly workgroupSize: number
  /** Invocations that share a column. */
  readonly lanes: number
}

/** A dispatch that loops over columns never needs more workgroups than one dimension holds. */
const maxColumnWorkgroups = 65535

/**
 * On a GPU many lanes share a column: a few columns already fill it, and neighbours read neighbouring classes. Where
 * every column is read and its classes lie apart, few lanes do: neighbours then read neighbouring pixels.
 *
 * An adapter that computes on the CPU runs the invocations of a workgroup in turn, and a barrier costs it more than
 * hundreds of classes: there each invocation has a column to itself.
 */
export function spreadFor(device: GPUDevice, numCodes: number, layout: Layout, everyColumn: boolean): Spread {
  if (device.adapterInfo?.isFallbackAdapter) return { workgroupSize: 16, lanes: 1 }
  const most = layout === 'class-major' && everyColumn ? 8 : 64
  // About four classes each, where there are few.
  return { workgroupSize: 64, lanes: Math.min(most, 2 ** Math.ceil(Math.log2(Math.max(1, numCodes / 4)))) }
}

/** Override constants of a kernel that works on columns. */
export function columnConstants(numCodes: number, { workgroupSize, lanes }: Spread) {
  return { NUM_CODES: numCodes, WORKGROUP_SIZE: workgroupSize, LANES: lanes }
}

/** Workgroups for a kernel that loops over columns. */
export function columnWorkgroups(columns: number, { workgroupSize, lanes }: Spread): number {
  return Math.min(maxColumnWorkgroups, Math.ceil((columns * lanes) / workgroupSize))
}
