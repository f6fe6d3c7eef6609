import { dtypes, layouts, modes, type Variant } from './case'
import type { Case } from './peer'
import { baseSize, namedSizes, type Size, sameSize } from './sizes'

/** Everything that can be a row besides our own steps and the floors. */
export const peerNames = ['dense', 'javascript', 'twin', 'tfjs', 'onnx-webgpu', 'onnx-wasm'] as const
export type PeerName = (typeof peerNames)[number]

/** A case, and whom to measure there. */
export interface PlannedCase {
  readonly id: Case
  readonly peers: readonly PeerName[]
}

/** What was asked for; what is left out is up to the machine. */
export interface Selection {
  readonly extent: 'default' | 'quick' | 'all'
  readonly sizes?: readonly Size[]
  readonly layouts?: readonly Variant['layout'][]
  readonly dtypes?: readonly Variant['dtype'][]
  readonly modes?: readonly Variant['mode'][]
  readonly peers?: readonly PeerName[]
}

/**
 * The cases to measure. Unless something is chosen, a GPU measures every variant of every size, and a software adapter
 * what takes it a quarter of an hour.
 */
export function planOf(selection: Selection, software: boolean): PlannedCase[] {
  const { extent, peers = peerNames } = selection
  const chosen = selection.sizes ?? selection.layouts ?? selection.dtypes ?? selection.modes
  if (chosen) {
    const simplest = extent === 'all' ? { layouts, dtypes, modes } : simplestVariants
    const variants = product({ ...simplest, ...selection })
    const sizes = selection.sizes ?? (extent === 'all' ? namedSizes.all! : [baseSize])
    return sizes.flatMap((size) => variants.map((variant) => ({ id: { ...size, ...variant }, peers })))
  }
  const sizes = extent === 'quick' ? namedSizes.quick! : namedSizes.all!
  const variants = product({ layouts, dtypes, modes })
  const planned = sizes.flatMap((size) => variants.map((variant) => ({ id: { ...size, ...variant }, peers })))
  if (extent === 'quick') return select(planned, isQuick, isQuickFor)
  return software && extent === 'default' ? select(planned, isBearable, isBearableFor) : planned
}

function select(
  planned: readonly PlannedCase[],
  wants: (id: Case) => boolean,
  wantsPeer: (peer: PeerName, id: Case) => boolean,
): PlannedCase[] {
  return planned
    .filter(({ id }) => wants(id))
    .map(({ id, peers }) => ({ id, peers: peers.filter((peer) => wantsPeer(peer, id)) }))
}

const simplestVariants = { layouts: ['pixel-major'], dtypes: ['f32'], modes: ['plain'] } as const

function product(lists: {
  layouts: readonly Variant['layout'][]
  dtypes: readonly Variant['dtype'][]
  modes: readonly Variant['mode'][]
}): Variant[] {
  return lists.layouts.flatMap((layout) =>
    lists.dtypes.flatMap((dtype) => lists.modes.map((mode) => ({ layout, dtype, mode }))),
  )
}

function isSmall({ batchSize, numVecClasses, numLatentPixels }: Size, pixels: number): boolean {
  return batchSize === 1 && numVecClasses === 4097 && numLatentPixels <= pixels
}

/** All variants at the base size, at the others the simplest in both layouts. */
function isBearable(id: Case): boolean {
  const { layout, dtype, mode } = id
  if (sameSize(id, baseSize)) return true
  if (isSmall(id, 256) && mode === 'guided + truncated') return layout === 'pixel-major' && dtype === 'f32'
  return dtype === 'f32' && mode === 'plain'
}

/** Without a GPU some of them take seconds a step, and those in JavaScript do the same for f16. */
function isBearableFor(peer: PeerName, id: Case): boolean {
  const { dtype, mode } = id
  if (peer === 'dense') return mode !== 'guided + truncated' || isSmall(id, 256)
  if (dtype === 'f16') return false
  if (peer === 'javascript' || peer === 'twin') return true
  if (mode === 'plain') return isSmall(id, 1024)
  return mode === 'guided + truncated' && isSmall(id, 256)
}

function isQuick(id: Case): boolean {
  if (id.layout === 'class-major' || id.dtype === 'f16') return false
  return id.mode === 'plain' || (isSmall(id, 256) && id.mode === 'guided + truncated')
}

function isQuickFor(peer: PeerName, id: Case): boolean {
  return peer === 'javascript' || peer === 'twin' || (id.mode === 'plain' && (peer === 'dense' || isSmall(id, 256)))
}
