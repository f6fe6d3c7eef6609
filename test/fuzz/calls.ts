import { ChainCall } from './chains'
import { type CallDescription, isDescribed, type WrongDescription } from './descriptions'
import { digestOf } from './digest'
import type { FuzzEngine, FuzzScheduler } from './engines'
import { call } from './methods'
import { nameOf, type Outcome, soon, Violation } from './outcome'
import { Parameters } from './parameters'
import { neverTaken } from './wrong_values'

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
    const made = new ChainCall(engine, scheduler, given, nudge)
    chains.push(made)
    return made
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
    for (const each of chains) each.destroy()
    parameters.destroy()
  }
}

/** Whether a wrong value is in a description; fields of data that nothing reads do not count. */
function has(description: unknown, kind: string): boolean {
  if (isDescribed<WrongDescription>(description, 'wrong')) return description.value === kind
  if (typeof description !== 'object' || description === null) return false
  return Object.entries(description).some(([key, each]) => key !== 'unknownOption' && has(each, kind))
}

async function contentsAfter(engine: FuzzEngine, { tensors }: Parameters): Promise<Record<string, readonly number[]>> {
  const contents = await engine.contents([...tensors.values()])
  return Object.fromEntries([...tensors.keys()].map((path, i) => [path, Array.from(contents[i]!)]))
}

function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value, i) => Object.is(value, b[i]))
}

function labels(buffers: readonly { readonly label: string }[]): string {
  return buffers.map(({ label }) => label).join(', ')
}
