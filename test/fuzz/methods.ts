import type { ChainCall } from './chains'
import type { FuzzEngine, FuzzScheduler } from './engines'
import { functions } from './functions'
import { nameOf } from './outcome'
import { drawPictures } from './pictures'

type Method = (...parameters: unknown[]) => unknown

/** Calls a method of the scheduler, a function, or a pipeline. */
export async function call(
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
