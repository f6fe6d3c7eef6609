import { expect, it } from 'vitest'
import { columnWorkgroups, gpuLaunchShapes, launchShapesFor, softwareLaunchShapes } from './workgroups'

const isPowerOfTwo = (value: number) => Number.isInteger(Math.log2(value))

it('a step has workgroup sizes, lanes and tiles that are powers of two, within the limits of WebGPU and MAX_TILE', () => {
  for (const launchShapes of [gpuLaunchShapes, softwareLaunchShapes])
    for (const layout of ['class-major', 'pixel-major'] as const)
      for (const truncated of [false, true])
        for (const everyColumn of [false, true])
          for (const numCodes of [1, 2, 7, 256, 2887, 4096, 16384, 100_000])
            for (const tokens of [1, 256, 1024, 16_384, 10_000_000]) {
              const shape = launchShapes.step(numCodes, { layout, truncated, everyColumn, tokens })
              const { workgroupSize, lanes, tile } = shape
              for (const value of [workgroupSize, lanes, tile]) expect(value).toSatisfy(isPowerOfTwo)
              expect(workgroupSize).toBeLessThanOrEqual(256)
              expect(lanes).toBeLessThanOrEqual(workgroupSize)
              expect(tile).toBeLessThanOrEqual(64)
            }
})

it('kernels that loop over columns have a workgroup for each few, up to the limit of one dimension', () => {
  const shape = { workgroupSize: 64, lanes: 16 }
  expect([1, 4, 5, 10_000_000].map((columns) => columnWorkgroups(columns, shape))).toEqual([1, 1, 2, 65_535])
})

it('on a GPU a truncated column of up to 4096 classes fits the registers of its lanes, sixteen classes each', () => {
  for (const numCodes of [1024, 2887, 4096]) {
    const size = { layout: 'pixel-major', truncated: true, everyColumn: true, tokens: 1024 } as const
    expect(gpuLaunchShapes.step(numCodes, size).lanes * 16).toBeGreaterThanOrEqual(numCodes)
  }
})

it('an adapter that computes on the CPU gets launch shapes of its own', () => {
  const device = (isFallbackAdapter: boolean) => ({ adapterInfo: { isFallbackAdapter } }) as GPUDevice
  expect(launchShapesFor(device(true))).toBe(softwareLaunchShapes)
  expect(launchShapesFor(device(false))).toBe(gpuLaunchShapes)
  expect(launchShapesFor({} as GPUDevice)).toBe(gpuLaunchShapes)
})
