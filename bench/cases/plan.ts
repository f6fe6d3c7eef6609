import type { Layout } from 'vq-diffusion-webgpu'

const layouts = ['pixel-major', 'class-major'] as const satisfies Layout[]
/** Of the logits. */
const dtypes = ['f32', 'f16'] as const
const modes = ['plain', 'guided', 'guided + truncated'] as const
/** Rows of a case beside our chains and the floors. */
export const peerNames = ['dense', 'javascript', 'twin', 'tfjs', 'onnx-webgpu', 'onnx-wasm'] as const
export type PeerName = (typeof peerNames)[number]

/** B items of N latent pixels, each one of C classes, the mask included. */
export interface Case {
  readonly B: number
  readonly C: number
  readonly N: number
  readonly layout: (typeof layouts)[number]
  readonly dtype: (typeof dtypes)[number]
  readonly mode: (typeof modes)[number]
}

export interface PlannedCase extends Case {
  readonly peers: readonly PeerName[]
}

/** What the command line asks for. */
export interface Selection {
  readonly quick: boolean
  /** Undefined for those that this machine can bear. */
  readonly cases: readonly PlannedCase[] | undefined
  readonly peers: readonly PeerName[]
}

/** The case that most ratios are about, and a batch of it that fills a large GPU. */
export const baseCase: Case = { B: 1, C: 4097, N: 1024, layout: 'pixel-major', dtype: 'f32', mode: 'plain' }
export const batchCase: Case = { ...baseCase, B: 16 }
export const smallCase: Case = { ...baseCase, N: 256 }

const sizes = [
  smallCase,
  baseCase,
  { ...baseCase, B: 4 },
  batchCase,
  { ...baseCase, C: 2888 },
  { ...baseCase, C: 16385 },
  { ...baseCase, N: 4096 },
]

const allCases: readonly PlannedCase[] = sizes.flatMap(({ B, C, N }) =>
  layouts.flatMap((layout) =>
    dtypes.flatMap((dtype) => modes.map((mode) => ({ B, C, N, layout, dtype, mode, peers: peerNames }))),
  ),
)

const quickCases: readonly PlannedCase[] = [
  { ...smallCase, peers: peerNames },
  { ...smallCase, mode: 'guided + truncated', peers: ['javascript', 'twin'] },
  { ...baseCase, peers: ['dense', 'javascript', 'twin'] },
]

/** A quarter of an hour without a GPU. */
const softwareCases: readonly PlannedCase[] = allCases
  .filter(isBearable)
  .map((one) => ({ ...one, peers: peerNames.filter((peer) => isBearablePeer(peer, one)) }))

export function caseText({ B, C, N, layout, dtype, mode }: Case): string {
  return `${B}x${C}x${N} ${layout} ${dtype} ${mode}`
}

/** The cases that have all of these words in their names. Throws RangeError if there are none. */
export function casesWith(words: readonly string[]): readonly PlannedCase[] {
  const cases = allCases.filter((one) => words.every((word) => caseText(one).split(' ').includes(word)))
  if (cases.length === 0) throw new RangeError(`No case has '${words}' in its name, as '${caseText(baseCase)}'.`)
  return cases
}

/** The cases to measure, and the peers of each. */
export function planOf({ quick, cases, peers }: Selection, software: boolean): PlannedCase[] {
  const byDefault = quick ? quickCases : software ? softwareCases : allCases
  return (cases ?? byDefault).map((one) => ({ ...one, peers: one.peers.filter((peer) => peers.includes(peer)) }))
}

/** All variants at the base size, the simplest at the others. */
function isBearable({ B, C, N, layout, dtype, mode }: Case): boolean {
  if (B === baseCase.B && C === baseCase.C && N === baseCase.N) return true
  if (dtype === 'f16') return false
  return mode === 'plain' || (mode === 'guided + truncated' && layout === 'pixel-major' && N === smallCase.N)
}

/** Without a GPU some peers take seconds a step, and those in JavaScript do the same for f16 as for f32. */
function isBearablePeer(peer: PeerName, { B, C, N, dtype, mode }: Case): boolean {
  const isTruncatedAndSmall = mode === 'guided + truncated' && N === smallCase.N
  if (peer === 'dense') return mode !== 'guided + truncated' || isTruncatedAndSmall
  if (dtype === 'f16') return false
  if (peer === 'javascript' || peer === 'twin') return true
  return isTruncatedAndSmall || (mode === 'plain' && B === 1 && C === baseCase.C && N <= baseCase.N)
}
