import { RandomGenerator, VQDiffusionError } from 'vq-diffusion-webgpu'
import * as cpu from 'vq-diffusion-webgpu/cpu'
import { abortReason, ChainCall, networkError } from './chains'
import { type CallDescription, isDescribed, type WrongDescription } from './descriptions'
import type { FuzzEngine, FuzzScheduler } from './engines'
import { functions } from './functions'
import { Parameters } from './parameters'
import { drawPictures } from './pictures'
import { neverTaken } from './wrong_values'

/** What a call does on an engine. */
export interface Outcome {
  /** 'done', the name of a named error, or which other error the caller has caused. */
  readonly result: string
  /** What was returned, with the elements of its tensors. */
  readonly value?: unknown
  /** What the given tensors hold afterwards, by their paths. */
  readonly tensors: Readonly<Record<string, readonly number[]>>
  /** The counters of the given generators. */
  readonly counters: readonly number[]
}

/** Something that no call may do. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** A call that takes longer than this hangs. Once one does, the search for a smaller one waits less. */
let patienceMilliseconds = 30_000

/** Tensors that a call may write to, by the ends of their paths. */
const outputs = /\.(out|predOriginalSample|faults|diagnostics\.\w+)$/

/** Makes a call on an engine. Throws Violation if it leaves something that it must not, whatever the other engine does. */
export async function perform(
  engine: FuzzEngine,
  scheduler: FuzzScheduler,
  { method, parameters: descriptions, valid }: CallDescription,
  nudge = 0,
): Promise<Outcome> {
  const parameters = new Parameters(engine, scheduler, descriptions, nudge)
  const chains: ChainCall[] = []
  const chain = (given: readonly unknown[]) => {
    const call = new ChainCall(engine, scheduler, given, nudge)
    chains.push(call)
    return call
  }
  try {
    const countersBefore = parameters.generators.map(({ state }) => state.counter)
    const buffersBefore = engine.buffers()
    const returned: { destroy(): void }[] = []
    const digest = (value: unknown) => digestOf(engine, value, returned)
    const run = async () => {
      const value = await call(method, { engine, scheduler, nudge }, parameters.values, chain, digest)
      parameters.submit()
      return digest(value)
    }
    let result = 'done'
    let value: unknown
    try {
      value = await soon(run(), method)
    } catch (error) {
      result = nameOf(error, method)
    }
    const given = new Set([...parameters.tensors.values()].map((tensor) => tensor.given))
    for (const tensor of returned) if (!given.has(tensor)) tensor.destroy()
    // What a recorded step creates for itself is freed by garbage collection.
    if (parameters.hasEncoder)
      for (const buffer of engine.buffers())
        if (!buffersBefore.has(buffer) && buffer.label.endsWith('/parameters')) buffer.destroy()
    const tensors = await contentsAfter(engine, parameters)
    const counters = parameters.generators.map(({ state }) => state.counter)
    const isChain = chains.length > 0 || method === 'pictures'
    // Odd logits and tokens that a schedule cannot have end a chain.
    if (valid && result !== 'done' && !(isChain && result === 'ModelOutputError'))
      throw new Violation(`${engine.name}: a valid call of ${method} ends in ${result}`)
    const wrong = result === 'done' && method !== 'several chains' && neverTaken.find((kind) => has(descriptions, kind))
    if (wrong) throw new Violation(`${engine.name}: ${method} takes a wrong value, ${wrong}`)
    // WebGPU refuses work after it was recorded.
    const refused = result !== 'done' && result !== 'WebGPUError' && !isChain
    for (const [path, { before }] of parameters.tensors)
      if (refused || !outputs.test(path))
        if (!same(before, tensors[path]!)) throw new Violation(`${engine.name}: ${method} changes parameter ${path}`)
    for (const { given, before } of parameters.arrays)
      if (!same(before, given)) throw new Violation(`${engine.name}: ${method} changes an array that it was given`)
    if (refused) {
      if (!same(countersBefore, counters)) throw new Violation(`${engine.name}: ${method} refuses, but advances`)
      const left = [...engine.buffers()].filter((buffer) => !buffersBefore.has(buffer))
      if (left.length > 0) throw new Violation(`${engine.name}: ${method} refuses, but leaves ${labels(left)}`)
    }
    return { result, value, tensors, counters }
  } finally {
    for (const call of chains) call.destroy()
    parameters.destroy()
  }
}

/** Whether a wrong value is in a description; fields of data that nothing reads do not count. */
function has(description: unknown, kind: string): boolean {
  if (isDescribed<WrongDescription>(description, 'wrong')) return description.value === kind
  if (typeof description !== 'object' || description === null) return false
  return Object.entries(description).some(([key, each]) => key !== 'unknownOption' && has(each, kind))
}

type Method = (...parameters: unknown[]) => unknown

async function call(
  method: string,
  { engine, scheduler, nudge }: { engine: FuzzEngine; scheduler: FuzzScheduler; nudge: number },
  parameters: readonly unknown[],
  chain: (given: readonly unknown[]) => ChainCall,
  digest: (value: unknown) => Promise<unknown>,
): Promise<unknown> {
  if (method === 'generate') return chain(parameters).generate()
  if (method === 'start') return chain(parameters).start()
  if (method === 'sample') return chain(parameters).sample(digest)
  if (method === 'several chains') return several(parameters as (readonly unknown[])[], chain, digest)
  if (method === 'pictures') return drawPictures(engine, scheduler, parameters, nudge)
  if (method in functions) return functions[method]!(...(parameters as never[]))
  const methods = scheduler as unknown as Record<string, Method>
  return methods[method.replace(' with noise', '')]!(...parameters)
}

/** Chains at the same time. Each has an outcome of its own. */
async function several(
  given: readonly (readonly unknown[])[],
  chain: (given: readonly unknown[]) => ChainCall,
  digest: (value: unknown) => Promise<unknown>,
): Promise<unknown> {
  const ends = await Promise.allSettled(given.map(async (each) => digest(await chain(each).generate())))
  return ends.map((end) => (end.status === 'fulfilled' ? end.value : nameOf(end.reason, 'a chain')))
}

/** The name of an error that a call may throw. */
function nameOf(error: unknown, method: string): string {
  if (error === abortReason) return 'the reason of the signal'
  if (error === networkError) return 'the error of the network'
  if (error instanceof VQDiffusionError) return error.name
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error)
  throw error instanceof Violation ? error : new Violation(`${method} throws ${text}`)
}

async function soon<T>(work: Promise<T>, method: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      patienceMilliseconds = 1000
      reject(new Violation(`${method} hangs`))
    }, patienceMilliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

async function contentsAfter(engine: FuzzEngine, { tensors }: Parameters): Promise<Record<string, readonly number[]>> {
  const contents = await engine.contents([...tensors.values()])
  return Object.fromEntries([...tensors.keys()].map((path, i) => [path, Array.from(contents[i]!)]))
}

/** A returned value as plain data. Tensors in it are collected, so that they can be freed. */
async function digestOf(engine: FuzzEngine, value: unknown, returned: { destroy(): void }[]): Promise<unknown> {
  if (engine.isTensor(value) || value instanceof cpu.CpuTensor) {
    returned.push(value)
    const { shape, dtype } = value
    return { shape, kind: dtype.startsWith('f') ? 'floats' : dtype, elements: Array.from(await value.read()) }
  }
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array)
  if (value instanceof RandomGenerator) return value.state
  if (value instanceof cpu.VQDiffusionScheduler) return value.toJSON()
  if (typeof ImageData !== 'undefined' && value instanceof ImageData)
    return { width: value.width, data: Array.from(value.data) }
  if (Array.isArray(value)) return Promise.all(value.map((each) => digestOf(engine, each, returned)))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([key, each]) => [key, await digestOf(engine, each, returned)])
  return Object.fromEntries(await Promise.all(entries))
}

function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value, i) => Object.is(value, b[i]))
}

function labels(buffers: readonly { readonly label: string }[]): string {
  return buffers.map(({ label }) => label).join(', ')
}
