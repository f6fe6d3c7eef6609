import { expect, it } from 'vitest'
import { columnWorkgroups, stepSpread } from './spread'

const device = (isFallbackAdapter: boolean) => ({ adapterInfo: { isFallbackAdapter } }) as GPUDevice
const isPowerOfTwo = (value: number) => Number.isInteger(Math.log2(value))

it('a step spreads by powers of two, within what step.wgsl has room for', () => {
  for (const software of [false, true])
    for (const layout of ['class-major', 'pixel-major'] as const)
      for (const truncated of [false, true])
        for (const everyColumn of [false, true])
          for (const numCodes of [1, 2, 7, 256, 2887, 4096, 16384, 100_000])
            for (const tokens of [1, 256, 1024, 16_384, 10_000_000]) {
              const shape = { layout, truncated, everyColumn, tokens }
              const { workgroupSize, lanes, tile } = stepSpread(device(software), numCodes, shape)
              for (const value of [workgroupSize, lanes, tile]) expect(value).toSatisfy(isPowerOfTwo)
              // Limits that every device keeps, and MAX_TILE.
              expect(workgroupSize).toBeLessThanOrEqual(256)
              expect(lanes).toBeLessThanOrEqual(workgroupSize)
              expect(tile).toBeLessThanOrEqual(64)
            }
})

it('kernels that loop over columns have a workgroup for each few, as far as one dimension holds', () => {
  const spread = { workgroupSize: 64, lanes: 16 }
  expect([1, 4, 5, 10_000_000].map((columns) => columnWorkgroups(columns, spread))).toEqual([1, 1, 2, 65_535])
})

it('a column of up to 4096 classes that is truncated on a GPU fits the registers of its lanes, sixteen classes each', () => {
  for (const numCodes of [1024, 2887, 4096]) {
    const shape = { layout: 'pixel-major', truncated: true, everyColumn: true, tokens: 1024 } as const
    expect(stepSpread(device(false), numCodes, shape).lanes * 16).toBeGreaterThanOrEqual(numCodes)
  }
})
