import { expect, it } from 'vitest'
import type { Frame } from '../worker/protocol'
import { uncertaintyOf } from './batch'

const frame = (tokens: Uint16Array<ArrayBuffer>, entropy?: Float32Array<ArrayBuffer>): Frame => ({
  step: 1,
  timestep: 50,
  tokens,
  ...(entropy && { entropy }),
  networkMilliseconds: 0,
  engineMilliseconds: 0,
})
/** Two pictures; cell 1 of the second is masked. */
const tokens = new Uint16Array(512)
tokens[257] = 4096

it('is 0 for a decided token, and 1 for a masked token without an entropy', () => {
  expect(uncertaintyOf(frame(tokens), 0).every((uncertainty) => uncertainty === 0)).toBe(true)
  expect([...uncertaintyOf(frame(tokens), 1).subarray(0, 3)]).toEqual([0, 1, 0])
})

it('grows with the entropy from one half to 1', () => {
  const uncertaintyAt = (nats: number) => {
    const entropy = new Float32Array(512).fill(3)
    entropy[257] = nats
    return uncertaintyOf(frame(tokens, entropy), 1)[1]
  }
  expect(uncertaintyAt(0)).toBeCloseTo(0.5)
  expect(uncertaintyAt(Math.log(4096))).toBeCloseTo(1)
  expect(uncertaintyAt(1)).toBeLessThan(uncertaintyAt(2)!)
})
