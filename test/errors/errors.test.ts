import { afterAll, describe, expect, it, vi } from 'vitest'
import {
  DenseOperators,
  DestroyedError,
  DeviceLostError,
  DeviceMismatchError,
  DtypeError,
  FetchError,
  ForwardProcess,
  GpuContext,
  GpuTensor,
  LimitError,
  OptionError,
  Process,
  PuritySampler,
  RandomGenerator,
  ReverseStep,
  requestDevice,
  ShapeError,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { watchCreations } from '../support/device_watch'
import { withErrorScopes } from '../support/error_scopes'
import { expectNamedError } from './named_error'
import type { InvalidCall } from './operator_calls'
import { rangedConfig, wrongCallConfig, wrongCalls } from './wrong_calls'

/** Every invalid call gives its named error before anything is enqueued, and changes nothing about the scheduler. */
const device = await requestDevice()
const foreign = await requestDevice()
const unnamed = await (await navigator.gpu.requestAdapter())!.requestDevice()
const options = wrongCallConfig
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
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser: () => logits() })
const chain = { numLatentPixels: N, numInferenceSteps: 5, seed: 1, conditioning: null }
const onnxTensor = (location: string, type = 'float32', dims = [1, K, N]) => ({
  location,
  type,
  dims,
  gpuBuffer: logits(dims).buffer,
})

const gpuCalls: [InvalidCall['name'], InvalidCall['error'], InvalidCall['message'], InvalidCall['call']][] = [
  [
    'a fractional shape',
    ShapeError,
    /non-negative integers; given \[1, 2\.5\]/,
    () => GpuTensor.empty(device, [1, 2.5], 'f32'),
  ],
  [
    'a view beyond its buffer',
    ShapeError,
    /needs a buffer of/,
    () => GpuTensor.borrow(device, sample.buffer, [1, N + 1], 'u32'),
  ],
  ['a slice beyond its tensor', ShapeError, /given 0, 2/, () => sample.slice(0, 2)],
  ['logits in host memory', ShapeError, /at 'cpu'/, () => scheduler.step(onnxTensor('cpu'), 5, sample, good)],
  [
    'onnxruntime logits of int64',
    DtypeError,
    /given "int64" \(string\)/,
    () => scheduler.step(onnxTensor('gpu-buffer', 'int64'), 5, sample, good),
  ],
  ['a plain array to upload', DtypeError, /given \[1, 2\]/, () => GpuTensor.from(device, [1, 2] as never, [2])],
  [
    'floats written into tokens',
    DtypeError,
    /needs a Uint32Array; given a Float32Array of 6 elements/,
    () => sample.write(new Float32Array(N)),
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
  ['writing a destroyed tensor', DestroyedError, /was destroyed/, () => dead.write(new Float32Array(K * N))],
  [
    'a model folder that does not exist',
    FetchError,
    /absent\/scheduler\/scheduler_config\.json/,
    () => VQDiffusionScheduler.fromPretrained(device, '/absent'),
  ],

  [
    'a scheduler without a device',
    OptionError,
    /first argument of VQDiffusionScheduler\.create .*GPUDevice.*given \{ num_vec_classes, num_train_timesteps \}/,
    () => VQDiffusionScheduler.create(options as never, undefined as never),
  ],
  [
    'a scheduler of a device that is on its way',
    OptionError,
    /GPUDevice.*given a Promise; await it/,
    () => VQDiffusionScheduler.create(requestDevice() as never, options),
  ],
  [
    'a configuration without a device',
    OptionError,
    /GPUDevice.*given \{ num_vec_classes/,
    () => VQDiffusionScheduler.fromConfig(options as never, undefined as never),
  ],
  [
    'a model folder without a device',
    OptionError,
    /GPUDevice.*given "models" \(string\)/,
    () => VQDiffusionScheduler.fromPretrained('models' as never, undefined as never),
  ],
  [
    'no model folder',
    OptionError,
    /model folder needs to be a URL or a string; given undefined/,
    () => VQDiffusionScheduler.fromPretrained(device, undefined as never),
  ],
  [
    'a tensor without a device',
    OptionError,
    /GPUDevice.*given \[2\]/,
    () => GpuTensor.empty([2] as never, 'f32' as never, undefined as never),
  ],
  [
    'a tensor of an unknown dtype',
    DtypeError,
    /f32 or f16 or u32 or i32; given "float32" \(string\)/,
    () => GpuTensor.empty(device, [2], 'float32' as never),
  ],
  [
    'a view of nothing',
    OptionError,
    /buffer needs to be a GPUBuffer; given undefined/,
    () => GpuTensor.borrow(device, undefined as never, [2], 'f32'),
  ],
  [
    'logits of the twin',
    ShapeError,
    /modelOutput needs to be a GpuTensor.*given a CpuTensor of shape \[1, 8, 6\]\. .*GpuTensor\.from/,
    () => scheduler.step(new CpuTensor(new Float32Array(K * N), [1, K, N]) as never, 5, sample, good),
  ],
  [
    'a sample of the twin',
    ShapeError,
    /sample .*given a CpuTensor of shape \[1, 6\]/,
    () => scheduler.step(logits(), 5, new CpuTensor(new Uint32Array(N), [1, N]) as never, good),
  ],
  [
    'latents of the twin',
    ShapeError,
    /latents .*given a CpuTensor/,
    () => pipeline.generate({ ...chain, latents: new CpuTensor(new Uint32Array(N), [1, N]) as never }),
  ],
  [
    'latents of another device',
    DeviceMismatchError,
    /latents lives on another GPUDevice/,
    () => pipeline.generate({ ...chain, latents: GpuTensor.from(foreign, new Uint32Array(N), [1, N]) }),
  ],
  [
    'a sample of a device without a label',
    DeviceMismatchError,
    /another GPUDevice \(one without a label\) than the scheduler \('vqd\/device'\)/,
    () => scheduler.step(logits(), 5, GpuTensor.from(unnamed, new Uint32Array(N), [1, N]), good),
  ],
  [
    'an encoder that is none',
    OptionError,
    /encoder needs to be a GPUCommandEncoder; given null/,
    () => scheduler.step(logits(), 5, sample, { ...good, encoder: null as never }),
  ],
  [
    'a part of a scheduler without a context',
    OptionError,
    /context needs to be a GpuContext; given undefined/,
    () => new ReverseStep(undefined as never),
  ],
  [
    'a context without a process',
    OptionError,
    /process needs to be a Process; given undefined/,
    () => new GpuContext(device, undefined as never),
  ],
]

const invalidCalls: InvalidCall[] = [
  ...gpuCalls.map(([name, error, message, call]) => ({ name, error, message, call })),
  ...wrongCalls<GpuTensor>({
    scheduler,
    ranged: await VQDiffusionScheduler.create(device, rangedConfig),
    upload: (data, shape) => GpuTensor.from(device, data as Float32Array, shape, 'test/input'),
    view: ({ buffer }, shape) => GpuTensor.borrow(device, buffer, shape, 'u32'),
    create: (options) => VQDiffusionScheduler.create(device, options),
    fromConfig: (json) => VQDiffusionScheduler.fromConfig(device, json),
    generator,
  }),
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

  it.each(invalidCalls)('$name', async ({ error, message, call }) => {
    await withErrorScopes(device, async () => {
      const [submitsBefore, stateBefore] = [submits, generator.state]
      allocated = []
      await expectNamedError(call, error, message)
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

  it('a batch whose parameters exceed the binding limit is refused with both numbers, before the generator advances', async () => {
    const adapter = await navigator.gpu.requestAdapter()
    const small = await adapter!.requestDevice({ label: 'small' })
    const two = await VQDiffusionScheduler.create(small, { num_vec_classes: 2 })
    const B = 2 ** 21 // 64 bytes each
    const tokens = two.emptyTokens([B, 1])
    const modelOutput = GpuTensor.borrow(small, tokens.buffer, [B, 1, 1], 'f32')
    const submit = vi.spyOn(small.queue, 'submit')
    const made = watchCreations(small, () => {
      for (const method of ['step', 'purityStep'] as const) {
        const call = () => two[method](modelOutput, 5, tokens, { generator, previousTimestep: 0 })
        expect(call).toThrow(LimitError)
        expect(call).toThrow(/batch of 2097152 .* need 1342\d{5} bytes; this device allows 134217728/)
      }
    })
    expect([made, submit.mock.calls, generator.state.counter]).toEqual([{}, [], 0])
    small.destroy()
  })
})

describe('arrays of another realm, such as an iframe:', () => {
  const frame = document.createElement('iframe')
  document.body.append(frame)
  const inFrame = (code: string) => (frame.contentWindow as unknown as { eval(code: string): never }).eval(code)
  afterAll(() => frame.remove())

  it.each([
    ['Float32Array', 'f32', [1, 2, 3]],
    ['Uint32Array', 'u32', [1, 2, 3]],
    ['Int32Array', 'i32', [1, 2, 3]],
    ['Uint16Array', 'f16', [1, 2, 3]],
    ['Float16Array', 'f16', [0x3c00, 0x4000, 0x4200]],
  ])('%s', async (name, dtype, bits) => {
    const data = inFrame(`${name}.of(1, 2, 3)`)
    expect(data).not.toBeInstanceOf((globalThis as never)[name])
    await withErrorScopes(device, async () => {
      const tensor = GpuTensor.from(device, data, inFrame('[1, 3]'))
      expect(tensor.dtype).toBe(dtype)
      expect([...(await tensor.read())]).toEqual(bits)
      tensor.write(inFrame(`${name}.of(0, 0, 1)`))
      expect([...(await tensor.read())]).toEqual([0, 0, bits[0]])
      tensor.destroy()
    })
  })

  it('options, shapes, tokens and timesteps', async () => {
    const inputs = [scheduler.uploadTokens(inFrame('Uint8Array.of(0, 1, 2, 8, 8, 8)'), inFrame('[1, 6]'))]
    const given = Object.assign(inFrame('({})'), { generator: new RandomGenerator(inFrame('[3]')) })
    const { prevSample } = scheduler.step(logits(), inFrame('[5]'), inputs[0]!, given)
    expect(await prevSample.read()).toHaveLength(N)
  })
})

describe('a scheduler is taken where its configuration is, of either engine:', () => {
  it('by create, fromConfig and Process', async () => {
    const twin = await CpuScheduler.create({ num_vec_classes: 7, num_train_timesteps: 12 })
    for (const made of [
      await VQDiffusionScheduler.create(device, twin as never),
      await VQDiffusionScheduler.fromConfig(device, twin),
      await VQDiffusionScheduler.fromConfig(device, twin.toJSON()),
      new Process(twin as never),
    ]) {
      expect(made.config).toEqual(twin.config)
      if ('step' in made) {
        expect((await CpuScheduler.fromConfig(made)).config).toEqual(twin.config)
        made.destroy()
      }
    }
  })
})

describe('a tensor that is wrapped', () => {
  it('by a Proxy works, as in reactive objects', async () => {
    const given = { ...good, generator: new RandomGenerator(3), out: new Proxy(scheduler.emptyTokens([1, N]), {}) }
    const { prevSample } = scheduler.step(new Proxy(logits(), {}), 5, new Proxy(sample, {}), given)
    expect(await prevSample.read()).toHaveLength(N)
  })

  it('by another copy of the package is named as such', () => {
    const { device: on, buffer, shape, dtype, offset } = sample
    expect(() => scheduler.step(logits(), 5, { device: on, buffer, shape, dtype, offset } as never, good)).toThrow(
      /given a GpuTensor of shape \[1, 6\]\. Another copy of vq-diffusion-webgpu made it/,
    )
  })
})

describe('destroyed objects and lost devices:', () => {
  it('the parts of a destroyed context throw DestroyedError', async () => {
    const context = new GpuContext(device, new Process(options))
    const [step, forward, dense] = [new ReverseStep(context), new ForwardProcess(context), new DenseOperators(context)]
    const purity = new PuritySampler(context, step)
    context.destroy()
    context.destroy()
    for (const call of [
      () => step.step(logits(), 5, sample, { ...good, previousTimestep: 3 }),
      () => purity.step(logits(), 5, sample, { ...good, previousTimestep: 3 }),
      () => purity.prior(logits(), sample),
      () => forward.initialSample([1, N], good),
      () => forward.addNoise(sample, 5, good),
      () => dense.addNoise(sample, 5, logits([1, K + 1, N])),
      () => dense.logPX0(logits()),
      () => context.uploadTokens([1], [1, 1]),
      () => context.emptyTokens([1, 1]),
      () => context.emptyDiagnostics([1, 1]),
    ])
      expect(call).toThrow(DestroyedError)
    await expect(step.prepare()).rejects.toThrow(DestroyedError)
    await expect(context.readFaults()).rejects.toThrow(DestroyedError)
    expect(generator.state.counter).toBe(0)
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
