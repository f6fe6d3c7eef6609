import type { Layout } from 'vq-diffusion-webgpu'

/** B items of N latent pixels, each one of C classes, the mask included. */
export interface Size {
  readonly B: number
  readonly C: number
  readonly N: number
}

export const layouts = ['pixel-major', 'class-major'] as const satisfies Layout[]
/** Of the logits. */
export const dtypes = ['f32', 'f16'] as const
export const modes = ['plain', 'guided', 'guided + truncated'] as const
/** Rows of a case beside our chains and the floors. */
export const peerNames = ['dense', 'javascript', 'twin', 'tfjs', 'onnx-webgpu', 'onnx-wasm'] as const
export type PeerName = (typeof peerNames)[number]

export interface Case extends Size {
  readonly layout: (typeof layouts)[number]
  readonly dtype: (typeof dtypes)[number]
  readonly mode: (typeof modes)[number]
}

/** What the command line asks for. */
export interface Selection {
  readonly quick: boolean
  readonly sizes: readonly Size[] | undefined
  /** Layouts, dtypes and modes; of each of the three, all unless some are given. */
  readonly only: readonly string[]
  readonly peers: readonly PeerName[]
}

export interface PlannedCase extends Case {
  readonly peers: readonly PeerName[]
}

const smallSize: Size = { B: 1, C: 4097, N: 256 }
/** The size that most ratios are about, and a batch of it that fills a large GPU. */
const baseSize: Size = { B: 1, C: 4097, N: 1024 }
const batchOf16: Size = { ...baseSize, B: 16 }

export const allSizes: readonly Size[] = [
  smallSize,
  baseSize,
  { ...baseSize, B: 4 },
  batchOf16,
  { ...baseSize, C: 2888 },
  { ...baseSize, C: 16385 },
  { ...baseSize, N: 4096 },
]

const simplest = { layout: 'pixel-major', dtype: 'f32', mode: 'plain' } as const
export const smallCase: Case = { ...smallSize, ...simplest }
export const baseCase: Case = { ...baseSize, ...simplest }
export const batchCase: Case = { ...batchOf16, ...simplest }

const quickCases: readonly PlannedCase[] = [
  { ...smallCase, peers: peerNames },
  { ...smallCase, mode: 'guided + truncated', peers: ['javascript', 'twin'] },
  { ...baseCase, peers: ['dense', 'javascript', 'twin'] },
]

export function sizeText({ B, C, N }: Size): string {
  return `${B}x${C}x${N}`
}

export function caseText({ layout, dtype, mode, ...size }: Case): string {
  return `${sizeText(size)} ${layout} ${dtype} ${mode}`
}

/**
 * The cases to measure, and the peers of each. Unless some are asked for, a GPU measures all, and a software adapter those
 * that take it a quarter of an hour.
 */
export function planOf({ quick, sizes, only, peers }: Selection, software: boolean): PlannedCase[] {
  const isDefault = sizes === undefined && only.length === 0
  let cases = quick && isDefault ? quickCases : casesOf(sizes ?? allSizes, only)
  if (software && isDefault && !quick)
    cases = cases
      .filter(isBearable)
      .map((one) => ({ ...one, peers: peerNames.filter((peer) => isBearablePeer(peer, one)) }))
  return cases.map((one) => ({ ...one, peers: one.peers.filter((peer) => peers.includes(peer)) }))
}

function casesOf(sizes: readonly Size[], only: readonly string[]): PlannedCase[] {
  const chosen = <Word extends string>(words: readonly Word[]) => {
    const some = words.filter((word) => only.includes(word))
    return some.length > 0 ? some : words
  }
  return sizes.flatMap((size) =>
    chosen(layouts).flatMap((layout) =>
      chosen(dtypes).flatMap((dtype) =>
        chosen(modes).map((mode) => ({ ...size, layout, dtype, mode, peers: peerNames })),
      ),
    ),
  )
}

/** All variants at the base size, the simplest at the others. */
function isBearable(one: Case): boolean {
  const { N, layout, dtype, mode } = one
  if (sizeText(one) === sizeText(baseSize)) return true
  if (dtype === 'f16') return false
  return mode === 'plain' || (mode === 'guided + truncated' && layout === 'pixel-major' && N === smallSize.N)
}

/** Without a GPU some peers take seconds a step, and those in JavaScript do the same for f16 as for f32. */
function isBearablePeer(peer: PeerName, { B, C, N, dtype, mode }: Case): boolean {
  const isTruncatedAndSmall = mode === 'guided + truncated' && N === smallSize.N
  if (peer === 'dense') return mode !== 'guided + truncated' || isTruncatedAndSmall
  if (dtype === 'f16') return false
  if (peer === 'javascript' || peer === 'twin') return true
  return isTruncatedAndSmall || (mode === 'plain' && B === 1 && C === baseSize.C && N <= baseSize.N)
}
