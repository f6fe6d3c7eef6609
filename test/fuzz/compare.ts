import type { Outcome } from './outcome'

/** How far the numbers of the engines may be apart: the largest tolerance of the tests of the kernels. */
const tolerance = { atol: 1e-4, rtol: 2e-6 }

/** How often a call of the twin is repeated with its numbers moved by rounding. */
const nudges = 48

/**
 * What differs between an outcome of the twin and that of another engine; undefined if nothing does. A token may be
 * another one if the twin draws it too when its numbers are moved by the rounding of a kernel: a near tie.
 *
 * @param again repeats the call on the twin with its numbers moved
 */
export async function differences(
  twin: Outcome,
  other: Outcome,
  { again, law }: { again(nudge: number): Promise<Outcome>; law: Law },
): Promise<string | undefined> {
  if (law === 'may refuse' && isError(other.result)) return undefined
  const found = [...leaves(twin, other)].filter((leaf) => !allowed(leaf, law))
  if (found.length === 0) return undefined
  let left = found
  // Only tokens and counts of them can be near ties: errors, shapes and counters are not.
  for (let nudge = 1; nudge <= nudges && left.length > 0 && left.every(({ token }) => token); nudge++) {
    const nudged = await again(nudge)
    const remaining = new Set([...leaves(nudged, other)].map(({ path }) => path))
    left = left.filter(({ path }) => remaining.has(path))
  }
  const [first] = left
  return first && `${first.path.slice(1)} is ${shown(first.twin)} and ${shown(first.other)}`
}

/** What may differ: nothing; which error it is; or that the other engine refuses what only it knows to be wrong. */
export type Law = 'alike' | 'any error' | 'may refuse'

function allowed({ path, twin, other }: Difference, law: Law): boolean {
  if (law === 'alike') return false
  if (law === 'may refuse' && /^\.(counters|tensors)/.test(path)) return true
  return isError(other) && (law === 'may refuse' || isError(twin))
}

function isError(value: unknown): boolean {
  return typeof value === 'string' && value.endsWith('Error')
}

interface Difference {
  readonly path: string
  readonly twin: unknown
  readonly other: unknown
  /** Whether this is an element of tokens. */
  readonly token: boolean
}

/** The values that are not alike. */
function* leaves(twin: unknown, other: unknown, path = '', inTokens = false): Generator<Difference> {
  if (typeof twin === 'number' && typeof other === 'number') {
    if (!close(twin, other)) yield { path, twin, other, token: inTokens }
    return
  }
  if (isObject(twin) && isObject(other) && Array.isArray(twin) === Array.isArray(other)) {
    const keys = new Set([...Object.keys(twin), ...Object.keys(other)])
    for (const key of keys) {
      const isElements = inTokens || path.endsWith('.elements') || path.startsWith('.tensors')
      yield* leaves(twin[key], other[key], `${path}.${key}`, isElements)
    }
    return
  }
  if (!Object.is(twin, other)) yield { path, twin, other, token: false }
}

function close(twin: number, other: number): boolean {
  if (Object.is(twin, other) || twin === other) return true
  // The float32 of what a float64 holds.
  const rounded = Math.fround(twin)
  if (rounded === other) return true
  return Number.isFinite(rounded) && Math.abs(rounded - other) <= tolerance.atol + tolerance.rtol * Math.abs(rounded)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200)
}
