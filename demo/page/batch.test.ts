import { expect, it } from 'vitest'
import type { Frame } from '../worker/protocol'
import { doubtIn } from './batch'

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

it('has no doubt where a token stands, and all of it where nobody asked the model yet', () => {
  expect(doubtIn(frame(tokens), 0).every((doubt) => doubt === 0)).toBe(true)
  expect([...doubtIn(frame(tokens), 1).subarray(0, 3)]).toEqual([0, 1, 0])
})

it('follows the entropy between what is still seen and all', () => {
  const doubtAt = (nats: number) => {
    const entropy = new Float32Array(512).fill(3)
    entropy[257] = nats
    return doubtIn(frame(tokens, entropy), 1)[1]
  }
  expect(doubtAt(0)).toBeCloseTo(0.5)
  expect(doubtAt(Math.log(4096))).toBeCloseTo(1)
  expect(doubtAt(1)).toBeLessThan(doubtAt(2)!)
})
