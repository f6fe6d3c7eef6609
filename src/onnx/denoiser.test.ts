import type * as Ort from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { CpuTensor } from '../cpu/tensor'
import { DtypeError, ShapeError } from '../errors'
import { createOnnxDenoiser } from './denoiser'
import type { OnnxRuntime } from './runtime'
import { OnnxRuntimeError } from './runtime_error'
import { createOnnxSession } from './session'
import type { Axis } from './shapes'

const N = 4
const K = 3

/** An onnxruntime-web whose only model takes such samples, and gives zeros of the shape that `logits` returns. */
function fakeRuntime({
  sample = ['batch', N],
  type = 'float32',
  logits = ([B]) => [B!, N, K],
}: {
  sample?: Axis[]
  type?: string
  logits?: (sampleShape: readonly number[]) => number[]
}): OnnxRuntime {
  const value = (name: string, type: string, shape: Axis[]) => ({ name, isTensor: true, type, shape })
  const session = {
    inputNames: ['x_t', 't'],
    inputMetadata: [value('x_t', 'int32', sample), value('t', 'int32', ['batch'])],
    outputMetadata: [value('logits', type, ['batch', N, 'classes'])],
    run: async ({ x_t }: { x_t: Ort.Tensor }) => {
      const dims = logits(x_t.dims)
      return { logits: { dims, data: new Float32Array(dims.reduce((a, b) => a * b)) } }
    },
  }
  class Tensor {
    constructor(
      readonly type: string,
      readonly data: unknown,
      readonly dims: number[],
    ) {}
  }
  return { env: { webgpu: {} }, Tensor, InferenceSession: { create: async () => session } } as unknown as OnnxRuntime
}

/** ModelProto with ir_version 8 and an empty graph. */
const modelFile = Uint8Array.of(0x08, 8, 0x3a, 0)

async function denoiserOf(model: Parameters<typeof fakeRuntime>[0]) {
  const session = await createOnnxSession(fakeRuntime(model), modelFile, { provider: 'wasm' })
  return createOnnxDenoiser({ session })
}

const input = {
  sample: new CpuTensor(new Uint32Array(N), [1, N]),
  timestep: 7,
  guided: false,
  conditioning: { conditional: {}, unconditional: {} },
  signal: undefined,
}

describe('a denoiser takes a model', () => {
  it.each([
    ['pixel-major', [1, N, K]],
    ['class-major', [1, K, N]],
  ])('whose logits are %s', async (_, shape) => {
    const denoiser = await denoiserOf({ logits: () => shape })
    expect((await denoiser(input)).shape).toEqual(shape)
  })

  it.each([
    ['fixed sizes', [1, N]],
    ['a batch axis without a name', [-1, N]],
    ['any number of pixels', ['rows', 'pixels']],
  ])('with %s', async (_, sample) => {
    expect((await (await denoiserOf({ sample }))(input)).shape).toEqual([1, N, K])
  })
})

describe('a denoiser rejects a model', () => {
  it.each([
    ['of other pixels than the sample', [1, N + 1, K]],
    ['without a class axis', [1, N]],
    ['of another batch', [2, N, K]],
  ])('whose logits are %s', async (_, shape) => {
    const denoiser = await denoiserOf({ logits: () => shape })
    await expect(denoiser(input)).rejects.toThrow(ShapeError)
  })

  it('whose logits are float16', async () => {
    await expect(denoiserOf({ type: 'float16' })).rejects.toThrow(DtypeError)
  })

  it('of a fixed batch, when guidance doubles it', async () => {
    const denoiser = await denoiserOf({ sample: [1, N] })
    expect((await denoiser(input)).shape).toEqual([1, N, K])
    await expect(denoiser({ ...input, guided: true })).rejects.toThrow('[1, 4]; needed is [2, 4]')
  })
})

describe('a run that fails', () => {
  it('is named, and later ones go on', async () => {
    let broken = true
    const logits = () => {
      if (broken) throw new Error('no memory')
      return [1, N, K]
    }
    const denoiser = await denoiserOf({ logits })
    await expect(denoiser(input)).rejects.toThrow(OnnxRuntimeError)
    broken = false
    expect((await denoiser(input)).shape).toEqual([1, N, K])
  })
})
