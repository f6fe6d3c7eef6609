import { afterAll, describe, expect, it } from 'vitest'
import {
  ConfigError,
  DestroyedError,
  DeviceLostError,
  DeviceMismatchError,
  DtypeError,
  FetchError,
  GpuTensor,
  LimitError,
  OptionError,
  RandomGenerator,
  requestDevice,
  ShapeError,
  TimestepError,
  TokenRangeError,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { watchCreations } from '../../bench/device_watch'
import { withErrorScopes } from '../support/error_scopes'

/** Every invalid call gives its named error before anything is enqueued, and changes nothing about the scheduler. */
const device = await requestDevice()
const foreign = await requestDevice()
const options = { num_vec_classes: 9, num_train_timesteps: 10 }
const scheduler = await VQDiffusionScheduler.create(device, options)
scheduler.setTimesteps(5) // 9 7 5 3 1
const [K, N] = [8, 6]

const logits = (shape = [1, K, N], on = device) =>
  GpuTensor.from(on, new Float32Array(shape.reduce((a, b) => a * b)), shape, 'test/input')
const sample = scheduler.uploadTokens([0, 1, 2, 8, 8, 8], [1, N])
const generator = new RandomGenerator(1)
const good = { generator }
const dead = logits()
dead.destroy()
const onnxTensor = (location: string, type = 'float32', dims = [1, K, N]) => ({
  location,
  type,
  dims,
  gpuBuffer: logits(dims).buffer,
})

type Call = () => unknown
const invalidCalls: [name: string, error: abstract new (...args: never[]) => Error, message: RegExp, call: Call][] = [
  [
    'logits of too few classes',
    ShapeError,
    /\[1, 8, 6\]; given \[1, 7, 6\]/,
    () => scheduler.step(logits([1, 7, N]), 5, sample, good),
  ],
  [
    'logits with C rows',
    ShapeError,
    /\[1, 8, 6\]; given \[1, 9, 6\]/,
    () => scheduler.step(logits([1, 9, N]), 5, sample, good),
  ],
  [
    'logits in the other layout',
    ShapeError,
    /given \[1, 8, 6\]/,
    () => scheduler.step(logits(), 5, sample, { ...good, layout: 'pixel-major' }),
  ],
  [
    'logits of another batch',
    ShapeError,
    /given \[2, 8, 6\]/,
    () => scheduler.step(logits([2, K, N]), 5, sample, good),
  ],
  ['logits of two axes', ShapeError, /given \[8, 6\]/, () => scheduler.step(logits([K, N]), 5, sample, good)],
  [
    'guided logits of batch B',
    ShapeError,
    /\[2, 8, 6\]; given \[1, 8, 6\]/,
    () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: 2 } }),
  ],
  [
    'unconditional logits of another shape',
    ShapeError,
    /guidance\.unconditional/,
    () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: 2, unconditional: logits([2, K, N]) } }),
  ],
  [
    'a sample of one axis',
    ShapeError,
    /two axes.*given \[6\]/,
    () => scheduler.step(logits(), 5, GpuTensor.from(device, new Uint32Array(6), [6]), good),
  ],
  [
    'noise of K rows before the last step',
    ShapeError,
    /noise .*\[1, 9, 6\]; given \[1, 8, 6\]/,
    () => scheduler.step(logits(), 5, sample, { noise: logits() }),
  ],
  [
    'noise of C rows in the last step',
    ShapeError,
    /noise .*\[1, 8, 6\]; given \[1, 9, 6\]/,
    () => scheduler.step(logits(), 1, sample, { noise: logits([1, 9, N]) }),
  ],
  [
    'an output of another shape',
    ShapeError,
    /out .*given \[1, 5\]/,
    () => scheduler.step(logits(), 5, sample, { ...good, out: scheduler.emptyTokens([1, 5]) }),
  ],
  [
    'two seeds for three items',
    ShapeError,
    /3 needs one seed or 3; given 2/,
    () => scheduler.initialSample([3, N], { generator: new RandomGenerator([1, 2]) }),
  ],
  [
    'data that does not fill its shape',
    ShapeError,
    /holds 6 elements; given 5/,
    () => scheduler.uploadTokens([1, 2, 3, 4, 5], [1, N]),
  ],
  [
    'a fractional shape',
    ShapeError,
    /non-negative integers; given \[1, 2\.5\]/,
    () => GpuTensor.empty(device, [1, 2.5], 'f32'),
  ],
  ['a negative shape', ShapeError, /given \[-1, 6\]/, () => scheduler.initialSample([-1, N], good)],
  [
    'a view beyond its buffer',
    ShapeError,
    /needs a buffer of/,
    () => GpuTensor.borrow(device, sample.buffer, [1, N + 1], 'u32'),
  ],
  ['a slice beyond its tensor', ShapeError, /given 0, 2/, () => sample.slice(0, 2)],
  ['gumbelNoised of two shapes', ShapeError, /noise/, () => scheduler.gumbelNoised(logits(), logits([1, K, 5]))],
  ['logits in host memory', ShapeError, /at 'cpu'/, () => scheduler.step(onnxTensor('cpu'), 5, sample, good)],
  [
    'logits that are no tensor',
    ShapeError,
    /given undefined/,
    () => scheduler.step(undefined as never, 5, sample, good),
  ],

  [
    'integer logits',
    DtypeError,
    /modelOutput .*f32 or f16; given u32/,
    () => scheduler.step(GpuTensor.from(device, new Uint32Array(K * N), [1, K, N]) as GpuTensor, 5, sample, good),
  ],
  [
    'a sample of floats',
    DtypeError,
    /sample .*u32 or i32; given f32/,
    () => scheduler.step(logits(), 5, logits([1, N]) as GpuTensor, good),
  ],
  [
    'noise of integers',
    DtypeError,
    /noise/,
    () => scheduler.step(logits(), 5, sample, { noise: GpuTensor.from(device, new Uint32Array(9 * N), [1, 9, N]) }),
  ],
  [
    'onnxruntime logits of int64',
    DtypeError,
    /given int64/,
    () => scheduler.step(onnxTensor('gpu-buffer', 'int64'), 5, sample, good),
  ],
  ['a plain array to upload', DtypeError, /given Array/, () => GpuTensor.from(device, [1, 2] as never, [2])],
  [
    'floats written into tokens',
    DtypeError,
    /needs a Uint32Array; given Float32Array/,
    () => sample.write(new Float32Array(N)),
  ],

  [
    'a token above the mask',
    TokenRangeError,
    /0 to 8 .*given 9 at position 1/,
    () => scheduler.uploadTokens([1, 9, 0, 0, 0, 0], [1, N]),
  ],
  [
    'a negative token',
    TokenRangeError,
    /given -1 at position 0/,
    () => scheduler.uploadTokens([-1, 0, 0, 0, 0, 0], [1, N]),
  ],
  ['a fractional token', TokenRangeError, /given 0\.5/, () => scheduler.uploadTokens([0.5, 0, 0, 0, 0, 0], [1, N])],

  ['timestep T', TimestepError, /0 to 9; given 10/, () => scheduler.step(logits(), 10, sample, good)],
  ['timestep −1', TimestepError, /given -1/, () => scheduler.step(logits(), -1, sample, good)],
  ['timestep 0.5', TimestepError, /given 0\.5/, () => scheduler.step(logits(), 0.5, sample, good)],
  ['timestep NaN', TimestepError, /given NaN/, () => scheduler.step(logits(), Number.NaN, sample, good)],
  [
    'a timestep outside the list without its successor',
    TimestepError,
    /Timestep 4 is not in the list \[9, 7, 5, 3, 1\]/,
    () => scheduler.step(logits(), 4, sample, good),
  ],
  [
    'a previous timestep that is not earlier',
    TimestepError,
    /previous timestep of 5 .*−1 to 4; given 5/,
    () => scheduler.step(logits(), 5, sample, { ...good, previousTimestep: 5 }),
  ],
  [
    'a previous timestep below −1',
    TimestepError,
    /given -2/,
    () => scheduler.step(logits(), 5, sample, { ...good, previousTimestep: -2 }),
  ],
  [
    'two timesteps for one item',
    TimestepError,
    /one per batch item \(1\); given 2/,
    () => scheduler.step(logits(), [5, 3], sample, good),
  ],
  ['qPosterior beyond T', TimestepError, /given 99/, () => scheduler.qPosterior(logits(), sample, 99)],

  ['neither generator nor noise', OptionError, /given neither/, () => scheduler.step(logits(), 5, sample, {})],
  [
    'both generator and noise',
    OptionError,
    /given both/,
    () => scheduler.step(logits(), 5, sample, { generator, noise: logits([1, 9, N]) }),
  ],
  [
    'x₀ with supplied noise',
    OptionError,
    /predOriginalSample needs a generator/,
    () => scheduler.step(logits(), 5, sample, { noise: logits([1, 9, N]), predOriginalSample: true }),
  ],
  [
    'an unknown layout',
    OptionError,
    /given "NHWC"/,
    () => scheduler.step(logits(), 5, sample, { ...good, layout: 'NHWC' as never }),
  ],
  [
    'an infinite guidance scale',
    OptionError,
    /finite number; given Infinity/,
    () => scheduler.step(logits(), 5, sample, { ...good, guidance: { scale: Infinity, unconditional: logits() } }),
  ],
  [
    'an output that is the sample',
    OptionError,
    /out needs a buffer of its own/,
    () => scheduler.step(logits(), 5, sample, { ...good, out: sample }),
  ],
  [
    'one tensor for both outputs',
    OptionError,
    /predOriginalSample needs a buffer of its own/,
    () => {
      const both = scheduler.emptyTokens([1, N])
      return scheduler.step(logits(), 5, sample, { ...good, out: both, predOriginalSample: both })
    },
  ],
  [
    'faults of another shape',
    ShapeError,
    /faults .*\[invalid columns, impossible tokens\] = \[2\]; given \[1, 6\]/,
    () => scheduler.step(logits(), 5, sample, { ...good, faults: scheduler.emptyTokens([1, N]) }),
  ],
  ['more inference steps than timesteps', OptionError, /1 to 10 .*given 11/, () => scheduler.setTimesteps(11)],
  ['no inference steps', OptionError, /given 0/, () => scheduler.setTimesteps(0)],
  [
    'an unknown spacing',
    OptionError,
    /'leading'; given "linspace"/,
    () => scheduler.setTimesteps(5, { spacing: 'linspace' as never }),
  ],
  ['a start without a generator', OptionError, /needs a generator/, () => scheduler.initialSample([1, N], {})],
  [
    'an unknown start',
    OptionError,
    /start needs to be 'noise' or 'mask'; given "masked"/,
    () => scheduler.initialSample([1, N], { generator, start: 'masked' as never }),
  ],
  [
    'a purity step of an unknown layout',
    OptionError,
    /'pixel-major'; given "channels-last"/,
    () => scheduler.purityStep(logits(), 5, sample, { ...good, layout: 'channels-last' as never }),
  ],
  [
    'a purity step guided by NaN',
    OptionError,
    /guidance\.scale .*given NaN/,
    () => scheduler.purityStep(logits([2, K, N]), 5, sample, { ...good, guidance: { scale: NaN } }),
  ],
  [
    'a purity step without a generator',
    OptionError,
    /purityStep needs a generator/,
    () => scheduler.purityStep(logits(), 5, sample, {} as never),
  ],
  [
    'an odd number of halves amid others',
    OptionError,
    /even size/,
    () => {
      const halves = GpuTensor.from(device, new Uint16Array(6), [2, 3], 'test/input')
      halves.slice(0, 1).write(new Uint16Array(3))
    },
  ],
  ['a negative offset', OptionError, /given -1/, () => GpuTensor.borrow(device, sample.buffer, [1], 'u32', -1)],

  [
    'logits of another device',
    DeviceMismatchError,
    /modelOutput lives on/,
    () => scheduler.step(logits([1, K, N], foreign), 5, sample, good),
  ],
  [
    'a sample of another device',
    DeviceMismatchError,
    /sample lives on/,
    () => scheduler.step(logits(), 5, GpuTensor.from(foreign, new Uint32Array(N), [1, N]), good),
  ],
  [
    'an output of another device',
    DeviceMismatchError,
    /out lives on/,
    () => scheduler.step(logits(), 5, sample, { ...good, out: GpuTensor.empty(foreign, [1, N], 'u32') }),
  ],

  ['destroyed logits', DestroyedError, /was destroyed/, () => scheduler.step(dead, 5, sample, good)],
  ['reading a destroyed tensor', DestroyedError, /\[1, 8, 6\] was destroyed/, () => dead.read()],
  ['writing a destroyed tensor', DestroyedError, /was destroyed/, () => dead.write(new Float32Array(K * N))],

  [
    'no number of classes',
    ConfigError,
    /num_vec_classes/,
    () => VQDiffusionScheduler.fromConfig(device, { num_train_timesteps: 10 }),
  ],
  [
    'one class',
    ConfigError,
    /at least 2 .*; given 1/,
    () => VQDiffusionScheduler.create(device, { num_vec_classes: 1 }),
  ],
  [
    'one timestep',
    ConfigError,
    /at least 2 .*; given 1/,
    () => VQDiffusionScheduler.create(device, { ...options, num_train_timesteps: 1 }),
  ],
  [
    'ᾱ + γ̄ above 1',
    ConfigError,
    /at most 1; given 0\.9 \+ 0\.2/,
    () => VQDiffusionScheduler.create(device, { ...options, alpha_cum_start: 0.9, gamma_cum_start: 0.2 }),
  ],
  [
    'a configuration that is a list',
    ConfigError,
    /needs to be an object; given \[\]/,
    () => VQDiffusionScheduler.fromConfig(device, []),
  ],
  [
    'a model folder that does not exist',
    FetchError,
    /absent\/scheduler\/scheduler_config\.json/,
    () => VQDiffusionScheduler.fromPretrained(device, '/absent'),
  ],
]

describe('invalid input', () => {
  let submits = 0
  let allocated: string[] = []
  const submit = device.queue.submit.bind(device.queue)
  const createBuffer = device.createBuffer.bind(device)
  device.queue.submit = (commands) => {
    submits++
    submit(commands)
  }
  device.createBuffer = (descriptor) => {
    allocated.push(descriptor.label ?? '')
    return createBuffer(descriptor)
  }
  afterAll(() => {
    device.queue.submit = submit
    device.createBuffer = createBuffer
  })

  it.each(invalidCalls)('%s', async (_, error, message, call) => {
    await withErrorScopes(device, async () => {
      const [submitsBefore, stateBefore] = [submits, generator.state]
      allocated = []
      const failure = await Promise.resolve()
        .then(call)
        .catch((reason: unknown) => reason)
      expect(failure).toBeInstanceOf(error)
      expect((failure as Error).name).toBe(error.name)
      expect((failure as Error).message).toMatch(message)
      expect(submits).toBe(submitsBefore)
      // Apart from the inputs that the call itself creates, nothing was allocated.
      expect(allocated.filter((label) => !['test/input', 'vqd/tensor', 'vqd/tokens'].includes(label))).toEqual([])
      expect(generator.state).toEqual(stateBefore)
      expect(scheduler.timesteps).toEqual([9, 7, 5, 3, 1])
      const { prevSample } = scheduler.step(logits(), 5, sample, { generator: new RandomGenerator(3) })
      expect(await prevSample.read()).toHaveLength(N)
    })
  })

  it('a tensor beyond the largest buffer is refused with both numbers', () => {
    expect(() => GpuTensor.empty(device, [2 ** 20, 2 ** 20], 'f32')).toThrow(LimitError)
    expect(() => scheduler.initialSample([2 ** 20, 2 ** 20], good)).toThrow(/4398046511104 bytes; this device allows/)
    expect(generator.state.counter).toBe(0)
  })

  it('logits beyond the binding limit are refused with both numbers', async () => {
    const adapter = await navigator.gpu.requestAdapter()
    const small = await adapter!.requestDevice({ label: 'small' }) // the default limit of 128 MiB
    const large = await VQDiffusionScheduler.create(small, { num_vec_classes: 4097 })
    const tokens = large.emptyTokens([1, 10_000])
    const size = 4 * 4096 * 10_000
    const gpuBuffer = small.createBuffer({ label: 'test/large', size, usage: GPUBufferUsage.STORAGE })
    const modelOutput = { location: 'gpu-buffer', type: 'float32', dims: [1, 4096, 10_000], gpuBuffer }
    expect(() => GpuTensor.borrow(small, gpuBuffer, [1], 'f32')).toThrow(LimitError)
    expect(() => large.step(modelOutput, 5, tokens, good)).toThrow(LimitError)
    expect(() => large.step(modelOutput, 5, tokens, good)).toThrow(
      /'test\/large' .*163840000 bytes; this device allows 134217728/,
    )
    // The logits fit, the row of the mask that comes with the result does not.
    const made = watchCreations(small, () => {
      const x = GpuTensor.borrow(small, tokens.buffer, [1, 8192], 'u32')
      const exact = small.createBuffer({ label: 'test/exact', size: 134217728, usage: GPUBufferUsage.STORAGE })
      const logPX0 = GpuTensor.borrow(small, exact, [1, 4096, 8192], 'f32')
      expect(() => large.qPosterior(logPX0, x, 5)).toThrow(/\[1, 4097, 8192\] .*134250496 bytes/)
    })
    expect(made).toEqual({ createBuffer: 1 })
    small.destroy()
  })
})

describe('destroyed objects and lost devices:', () => {
  it('the methods of a destroyed scheduler throw DestroyedError; destroying it twice is allowed', async () => {
    const doomed = await VQDiffusionScheduler.create(device, options)
    doomed.destroy()
    doomed.destroy()
    expect(() => doomed.step(logits(), 5, sample, good)).toThrow(DestroyedError)
    expect(() => doomed.initialSample([1, N], good)).toThrow(DestroyedError)
  })

  it('the methods of a scheduler throw DeviceLostError when its device is lost', async () => {
    const lost = await requestDevice()
    const orphan = await VQDiffusionScheduler.create(lost, options)
    lost.destroy()
    await lost.lost
    await Promise.resolve()
    expect(() => orphan.initialSample([1, N], good)).toThrow(DeviceLostError)
    expect(() => orphan.initialSample([1, N], good)).toThrow(/destroyed/)
  })

  it('reading a tensor rejects with DeviceLostError, whether the device is lost before or during it', async () => {
    const lost = await requestDevice()
    const tensor = GpuTensor.empty(lost, [4], 'u32')
    const underWay = tensor.read()
    lost.destroy()
    await expect(underWay).rejects.toThrow(DeviceLostError)
    await expect(tensor.read()).rejects.toThrow(DeviceLostError)
  })

  it('destroying a borrowed tensor keeps its buffer; destroying a tensor twice is allowed', async () => {
    const owner = GpuTensor.from(device, Uint32Array.of(1, 2, 3), [3])
    const view = GpuTensor.borrow(device, owner.buffer, [2], 'u32', 1)
    view.destroy()
    expect([...(await owner.read())]).toEqual([1, 2, 3])
    owner.destroy()
    owner.destroy()
    expect(owner.destroyed).toBe(true)
  })
})
