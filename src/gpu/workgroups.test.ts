import { expect, it } from 'vitest'
import stepShader from '../../shaders/step.wgsl'
import { LimitError } from '../errors'
import { specialise } from './shader'
import { columnWorkgroups, gpuLaunchShapes, launchShapesFor, requireLimits, softwareLaunchShapes } from './workgroups'

const isPowerOfTwo = (value: number) => Number.isInteger(Math.log2(value))
/** A device of the compatibility feature level, the lowest limits that WebGPU has. */
const lowest = {
  maxComputeInvocationsPerWorkgroup: 128,
  maxComputeWorkgroupSizeX: 128,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBuffersPerShaderStage: 8,
}
const device = (limits = {}, isFallbackAdapter = false) =>
  ({ limits: { ...lowest, ...limits }, adapterInfo: { isFallbackAdapter } }) as GPUDevice

it('a step has workgroup sizes, lanes and tiles that are powers of two, within the limits of the device and MAX_TILE', () => {
  for (const [launchShapes, largest] of [
    [gpuLaunchShapes(64), 64],
    [gpuLaunchShapes(128), 128],
    [gpuLaunchShapes(256), 256],
    [gpuLaunchShapes(1024), 256],
    [softwareLaunchShapes, 16],
  ] as const)
    for (const layout of ['class-major', 'pixel-major'] as const)
      for (const numCodes of [1, 2, 7, 256, 2887, 4096, 16384, 100_000]) {
        const columns = launchShapes.columns(numCodes, layout)
        expect(columns.workgroupSize).toBeLessThanOrEqual(Math.min(largest, 64))
        expect(columns.lanes).toBeLessThanOrEqual(columns.workgroupSize)
        for (const truncated of [false, true])
          for (const everyColumn of [false, true])
            for (const tokens of [1, 256, 1024, 16_384, 10_000_000]) {
              const shape = launchShapes.step(numCodes, { layout, truncated, everyColumn, tokens })
              const { workgroupSize, lanes, tile } = shape
              for (const value of [workgroupSize, lanes, tile]) expect(value).toSatisfy(isPowerOfTwo)
              expect(workgroupSize).toBeLessThanOrEqual(largest)
              expect(lanes).toBeLessThanOrEqual(workgroupSize)
              expect(tile).toBeLessThanOrEqual(64)
            }
      }
})

it('kernels that loop over columns have a workgroup for each few, up to the limit of one dimension', () => {
  const shape = { workgroupSize: 64, lanes: 16 }
  const workgroups = (columns: number) => columnWorkgroups(device(), columns, shape)
  expect([1, 4, 5, 10_000_000].map(workgroups)).toEqual([1, 1, 2, 65_535])
  expect(columnWorkgroups(device({ maxComputeWorkgroupsPerDimension: 7 }), 100, shape)).toBe(7)
})

it('on a GPU a truncated column of up to 4096 classes fits the registers of its lanes, sixteen classes each', () => {
  for (const numCodes of [1024, 2887, 4096]) {
    const size = { layout: 'pixel-major', truncated: true, everyColumn: true, tokens: 1024 } as const
    expect(gpuLaunchShapes(256).step(numCodes, size).lanes * 16).toBeGreaterThanOrEqual(numCodes)
  }
})

it('on a software adapter an invocation sums a column of up to 65,536 classes, or about as many of a larger one', () => {
  const lanes = (numCodes: number) => softwareLaunchShapes.columns(numCodes, 'pixel-major').lanes
  expect([1, 4096, 65_536, 65_537, 1_000_000, 2 ** 24].map(lanes)).toEqual([1, 1, 1, 2, 16, 16])
})

it('an adapter that computes on the CPU gets launch shapes of its own, a GPU those within its limits', () => {
  const size = { layout: 'pixel-major', truncated: true, everyColumn: true, tokens: 1024 } as const
  const lanes = (device: GPUDevice) => launchShapesFor(device).step(100_000, size).lanes
  expect(launchShapesFor(device({}, true))).toBe(softwareLaunchShapes)
  expect(lanes(device())).toBe(128)
  expect(lanes(device({ maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupSizeX: 256 }))).toBe(256)
  expect(lanes(device({ maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupSizeX: 1024 }))).toBe(256)
  expect(lanes(device({ maxComputeInvocationsPerWorkgroup: 100, maxComputeWorkgroupSizeX: 1024 }))).toBe(64)
  expect(lanes({ limits: lowest } as unknown as GPUDevice)).toBe(128)
})

it('a device that no launch shape fits is refused with both numbers', () => {
  requireLimits(device())
  for (const [name, needed] of [
    ['maxComputeInvocationsPerWorkgroup', 64],
    ['maxComputeWorkgroupSizeX', 64],
    ['maxComputeWorkgroupStorageSize', 8192],
    ['maxStorageBuffersPerShaderStage', 8],
  ] as const) {
    requireLimits(device({ [name]: needed }))
    expect(() => requireLimits(device({ [name]: needed - 1 }))).toThrow(
      new LimitError(`The kernels need ${name} of at least ${needed}; this device allows ${needed - 1}.`),
    )
  }
})

it('the largest workgroup of the step, which declares the most workgroup memory, needs at most 8192 bytes', () => {
  const sizes: Record<string, number> = {
    u32: 4,
    f32: 4,
    'atomic<u32>': 4,
    ListedToken: 32,
    MAX_TILE: 64,
    WORKGROUP_SIZE: 256,
  }
  const variables = specialise(stepShader, { TRUNCATED: true, GUIDED: true }).matchAll(
    /var<workgroup> \w+: (?:array<(.+), (\w+)>|(.+));/g,
  )
  const bytes = Array.from(variables, ([, element = '', count = '', scalar]) =>
    scalar ? sizes[scalar]! : sizes[element]! * sizes[count]!,
  )
  expect(bytes.length).toBeGreaterThan(8)
  expect(bytes.reduce((a, b) => a + b)).toBeLessThanOrEqual(8192)
})
