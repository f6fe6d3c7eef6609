import { RandomGenerator, VQDiffusionError } from 'vq-diffusion-webgpu'

/** One valid call: a function, and arguments that are created anew for every call. */
export interface ValidCall {
  readonly name: string
  readonly call: (...parameters: never[]) => unknown
  readonly parameters: () => readonly unknown[]
}

/** Values of every JavaScript type by their names in messages. An argument takes a few of them at most. */
export const values: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  true: true,
  '0': 0,
  '42': 42,
  '-1': -1,
  '-0': -0,
  '0.5': 0.5,
  NaN: NaN,
  Infinity: Infinity,
  '2 ** 53': 2 ** 53,
  bigint: 7n,
  'empty string': '',
  'numeric string': '1',
  string: 'pixel-major',
  symbol: Symbol('symbol'),
  'empty list': [],
  'list of one': [1],
  'list of a list': [[1]],
  'list of a hole': new Array(1),
  'list of strings': ['1', '2'],
  'list of three': [1, 2, 3],
  'list with a hole': Object.assign(new Array(3), { 0: 9, 2: 3 }),
  'empty object': {},
  'object without prototype': Object.create(null),
  'object with length': { length: 3 },
  'object with endless length': { length: 1e15 },
  'object with a tag': { [Symbol.toStringTag]: 'Tagged' },
  'number in an object': Object(1),
  'string in an object': Object('1'),
  instance: new (class Settings {})(),
  'frozen object': Object.freeze({ seed: 1 }),
  proxy: new Proxy({}, {}),
  'proxy of a generator': new Proxy(new RandomGenerator(1), {}),
  map: new Map(),
  'object with shape': { shape: 5, dtype: 'f32' },
  function: () => 1,
  date: new Date(0),
  bytes: new Uint8Array(3),
  tokens: Uint32Array.of(0, 1, 4),
  doubles: new Float64Array(12),
  bigints: BigInt64Array.of(0n, 1n, 2n),
  buffer: new ArrayBuffer(8),
  promise: Promise.resolve(1),
}

/** An option that no call has. */
const unknownName = 'unheardOf'

/**
 * Makes each call, each with fewer arguments, each with one more option, and each with one argument or option replaced by each of the values.
 * Returns the outcome of every call: 'done', or the name of its error. Rejects if an error is not the library's.
 */
export async function sweep(calls: readonly ValidCall[]): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {}
  const attempt = async (label: string, call: ValidCall['call'], parameters: readonly unknown[]) => {
    const error = await Promise.resolve()
      .then(() => call(...(parameters as never[])))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      )
    if (error !== undefined && !(error instanceof VQDiffusionError))
      throw new Error(`${label} throws ${String(error)}`, { cause: error })
    outcomes[label] = error?.name ?? 'done'
  }
  for (const { name, call, parameters } of calls) {
    await attempt(name, call, parameters())
    for (let count = 0; count < parameters().length; count++)
      await attempt(`${name}, ${count} arguments`, call, parameters().slice(0, count))
    for (const [place, given] of parameters().entries())
      for (const [kind, value] of Object.entries(values)) {
        await attempt(`${name}, argument ${place} = ${kind}`, call, parameters().with(place, value))
        for (const option of optionsOf(given)) {
          const parameter = { ...(parameters()[place] as object), [option]: value }
          await attempt(`${name}, ${option} = ${kind}`, call, parameters().with(place, parameter))
        }
      }
    for (const [place, given] of parameters().entries())
      if (isPlain(given))
        await attempt(`${name}, ${unknownName}`, call, parameters().with(place, { ...given, [unknownName]: 1 }))
  }
  return outcomes
}

/** The keys of a plain object. */
function optionsOf(value: unknown): string[] {
  return isPlain(value) ? Object.keys(value) : []
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** The outcomes of the calls with an option that no call has. */
export function outcomesOfUnknownNames(outcomes: Record<string, string>): string[] {
  return Object.entries(outcomes).flatMap(([label, outcome]) => (label.endsWith(unknownName) ? [outcome] : []))
}
