import type { ChainTensor } from 'vq-diffusion-webgpu'
import { type SmallEngine, validCalls } from './valid_calls'

/** Calls that need no resource of the scheduler. */
const free = [
  'setTimesteps',
  'expectation',
  'assertTokens',
  'new VQDiffusionPipeline',
  'new RandomGenerator',
  'RandomGenerator.fromState',
  'streams',
]

export interface DestroyedCall {
  readonly name: string
  /** Whether the call works after all. */
  readonly works: boolean
  readonly call: () => unknown
}

/** The valid calls of all methods, with arguments that were made before the scheduler was destroyed. */
export function destroyedCalls<T extends ChainTensor>(
  engine: SmallEngine<T> & { readonly scheduler: { destroy(): void; readFaults(): Promise<unknown> } },
): DestroyedCall[] {
  const { scheduler } = engine
  const calls = validCalls(engine).map(({ name, call, parameters }) => {
    const given = parameters() as never[]
    return { name, works: free.includes(name), call: () => call(...given) }
  })
  scheduler.destroy()
  scheduler.destroy()
  return [
    ...calls,
    { name: 'readFaults', works: false, call: () => scheduler.readFaults() },
    { name: 'finished', works: true, call: () => scheduler.finished() },
  ]
}
