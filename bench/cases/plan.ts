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

const sizes = (...triples: [B: number, C: number, N: number][]): Size[] => triples.map(([B, C, N]) => ({ B, C, N }))

export const allSizes = sizes(
  [1, 4097, 256],
  [1, 4097, 1024],
  [4, 4097, 1024],
  [16, 4097, 1024],
  [1, 2888, 1024],
  [1, 16385, 1024],
  [1, 4097, 4096],
)
/** The size that most ratios are about, and a batch of it that fills a large GPU. */
export const baseSize: Size = allSizes[1]!
export const batchOf16: Size = allSizes[3]!

export function sizeText({ B, C, N }: Size): string {
  return `${B}x${C}x${N}`
}

export function caseText({ layout, dtype, mode, ...size }: Case): string {
  return `${sizeText(size)} ${layout} ${dtype} ${mode}`
}

/** Reads 'BxCxN' or 'all'. Throws RangeError. */
export function parseSizes(text: string): readonly Size[] {
  if (text === 'all') return allSizes
  const numbers = text.split('x').map(Number)
  const [B = 0, C = 0, N = 0] = numbers
  if (numbers.length === 3 && numbers.every(Number.isSafeInteger) && B >= 1 && C >= 3 && N >= 1) return [{ B, C, N }]
  throw new RangeError(`A size is BxCxN, as 1x4097x1024, with C at least 3, or 'all'; given '${text}'.`)
}

/**
 * The cases to measure, and the peers of each. Unless some are asked for, a GPU measures all, and a software adapter those
 * that take it a quarter of an hour.
 */
export function planOf({ quick, sizes, only, peers }: Selection, software: boolean): PlannedCase[] {
  const wants = (word: string, among: readonly string[]) =>
    only.includes(word) || !among.some((other) => only.includes(other))
  const cases = (sizes ?? allSizes).flatMap((size) =>
    layouts.flatMap((layout) =>
      dtypes.flatMap((dtype) => modes.map((mode): Case => ({ ...size, layout, dtype, mode }))),
    ),
  )
  const isLimited = !sizes && only.length === 0 && (quick || software)
  return cases
    .filter(({ layout, dtype, mode }) => wants(layout, layouts) && wants(dtype, dtypes) && wants(mode, modes))
    .filter((one) => !isLimited || isBearable(one, quick))
    .map((one) => ({ ...one, peers: peers.filter((peer) => !isLimited || isBearablePeer(peer, one, quick)) }))
}

const isSingle = ({ B, C, N }: Size, largestN: number) => B === 1 && C === 4097 && N <= largestN

/** All variants at the base size, the simplest at the others; a quick run has two sizes. */
function isBearable(one: Case, quick: boolean): boolean {
  const { layout, dtype, mode } = one
  if (quick && (layout === 'class-major' || !isSingle(one, 1024))) return false
  if (!quick && sizeText(one) === sizeText(baseSize)) return true
  if (dtype === 'f16') return false
  return mode === 'plain' || (mode === 'guided + truncated' && layout === 'pixel-major' && isSingle(one, 256))
}

/** Without a GPU some peers take seconds a step, and those in JavaScript do the same for f16 as for f32. */
function isBearablePeer(peer: PeerName, one: Case, quick: boolean): boolean {
  const { dtype, mode } = one
  const isSmall = !quick && isSingle(one, 256)
  if (peer === 'dense') return mode !== 'guided + truncated' || isSmall
  if (dtype === 'f16') return false
  if (peer === 'javascript' || peer === 'twin') return true
  return mode === 'plain' ? isSingle(one, quick ? 256 : 1024) : mode === 'guided + truncated' && isSmall
}
