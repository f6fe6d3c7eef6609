import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import * as ort from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import {
  ConfigError,
  DestroyedError,
  DtypeError,
  ImageValueError,
  OptionError,
  VQDiffusionPipeline as SamplingLoop,
  ShapeError,
  TokenRangeError,
} from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  ClipTokenizer,
  chooseBackend,
  conditionText,
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxEncoder,
  createOnnxSession,
  createOnnxTextEncoder,
  fetchModelIndex,
  fromImageData,
  loadFiles,
  MemoryStore,
  normaliseTextEmbeddings,
  OnnxRuntimeError,
  PartStore,
  splitWords,
  toImageData,
  toImages,
  VQDiffusionPipeline,
  WordTokenizer,
} from 'vq-diffusion-webgpu/onnx'
import { expectNamedError } from './named_error'
import type { InvalidCall } from './operator_calls'
import { sweep, type ValidCall } from './sweep'

// A run that fails is among those tried.
ort.env.logLevel = 'fatal'

/** The tiny networks: K = 24 classes, N = 16 latent pixels, images of 8 × 8 pixels, a text of 16 tokens. */
const model = (name: string) => readFile(`test/models/tiny/${name}.onnx`)
const [denoiserModel, decoderModel, encoderModel] = await Promise.all([
  model('denoiser'),
  model('decoder'),
  model('encoder'),
])
const wasm = { provider: 'wasm' } as const
const session = await createOnnxSession(ort, denoiserModel, wasm)
const decoderSession = await createOnnxSession(ort, decoderModel, wasm)
const encoderSession = await createOnnxSession(ort, encoderModel, wasm)
const denoiser = createOnnxDenoiser({ session })
const decoder = createOnnxDecoder({ session: decoderSession })
const encoder = createOnnxEncoder({ session: encoderSession })
/** Any network from tokens to floats will do. */
const textEncoder = createOnnxTextEncoder({ session: decoderSession, input: 'codes', output: 'rgba' })
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 25 })
const tokenizer = new WordTokenizer({ type: 'word', max_length: 16, pad_id: 0, vocab: ['<pad>', 'red', 'heart'] })
const parts = { scheduler, denoiser, decoder, latentShape: [4, 4], tokenizer } as const
const pipeline = new VQDiffusionPipeline(parts)

const codes = new CpuTensor(new Uint32Array(16), [1, 16])
const masked = new CpuTensor(Uint32Array.of(...Array(15).fill(3), 24), [1, 16])
const text = { text: new Int32Array(16) }
const conditioning = { conditional: text, unconditional: text }
const input = { sample: codes, timestep: 50, guided: true, conditioning, signal: undefined }
const image = { data: new Float32Array(4 * 64), shape: [1, 4, 8, 8] }
const hidden = { data: new Float32Array(4).fill(1), shape: [2, 1, 2] }
const picture = { data: new Uint8ClampedArray(4 * 64), width: 8, height: 8 } as ImageData
const bytes = (content: string) => new TextEncoder().encode(content)
const transferred = () => {
  const model = Uint8Array.from(decoderModel)
  structuredClone(model, { transfer: [model.buffer] })
  return model
}
const html = '<!doctype html><title>Not found</title>'
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'

describe('a wrong call of a network throws its named error, and the next call works:', () => {
  const calls: [InvalidCall['name'], InvalidCall['error'], InvalidCall['message'], InvalidCall['call']][] = [
    [
      'no arguments',
      OptionError,
      /ort needs to be the module onnxruntime-web; given undefined\. Import it/,
      () => createOnnxSession(...([] as never as [never, never, never])),
    ],
    [
      'no provider',
      OptionError,
      /\{ provider: 'webgpu', device \} or \{ provider: 'wasm' \}; given undefined/,
      () => createOnnxSession(ort, decoderModel, undefined as never),
    ],
    [
      'the name of a provider alone',
      OptionError,
      /given "webgpu" \(string\)/,
      () => createOnnxSession(ort, decoderModel, 'webgpu' as never),
    ],
    [
      'an unknown provider',
      OptionError,
      /provider needs to be 'webgpu' or 'wasm'; given "webgl"/,
      () => createOnnxSession(ort, decoderModel, { provider: 'webgl' as never }),
    ],
    [
      'WebGPU without a device',
      OptionError,
      /device needs to be a GPUDevice.*given undefined/,
      () => createOnnxSession(ort, decoderModel, { provider: 'webgpu' } as never),
    ],
    [
      'WebGPU with a device that is on its way',
      OptionError,
      /device .*given a Promise; await it/,
      () => createOnnxSession(ort, decoderModel, { provider: 'webgpu', device: Promise.resolve() as never }),
    ],
    [
      'no model',
      DtypeError,
      /The model needs to be bytes.*given undefined/,
      () => createOnnxSession(ort, undefined as never, wasm),
    ],
    [
      'a model that is loading',
      DtypeError,
      /given a Promise; await it/,
      () => createOnnxSession(ort, model('decoder') as never, wasm),
    ],
    [
      'an empty file',
      OnnxRuntimeError,
      /needs to be an ONNX model; given an empty file/,
      () => createOnnxSession(ort, new Uint8Array(), wasm),
    ],
    [
      'a web page',
      OnnxRuntimeError,
      /given a web page: check the address/,
      () => createOnnxSession(ort, bytes(html), wasm),
    ],
    [
      'a web page after a byte order mark',
      OnnxRuntimeError,
      /given a web page/,
      () => createOnnxSession(ort, bytes(`\ufeff\n${html}`), wasm),
    ],
    [
      'a pointer of Git LFS',
      OnnxRuntimeError,
      /given a Git LFS pointer: .*git lfs pull/,
      () => createOnnxSession(ort, bytes(pointer), wasm),
    ],
    [
      'a JSON file',
      OnnxRuntimeError,
      /given a file that begins with "\{\\"a\\": 1\}"/,
      () => createOnnxSession(ort, bytes('{"a": 1}'), wasm),
    ],
    [
      'a model that was cut off',
      OnnxRuntimeError,
      /cut off: it has 1000 of at least \d+ bytes/,
      () => createOnnxSession(ort, decoderModel.subarray(0, 1000), wasm),
    ],
    [
      'a model that is an archive',
      OnnxRuntimeError,
      /given a gzip archive: unpack it/,
      () => createOnnxSession(ort, gzipSync(decoderModel), wasm),
    ],
    [
      'a model of PyTorch',
      OnnxRuntimeError,
      /given a ZIP archive/,
      () => createOnnxSession(ort, bytes('PK\x03\x04'), wasm),
    ],
    [
      'a model whose bytes were transferred',
      DtypeError,
      /given a Uint8Array of 0 elements, whose buffer was transferred/,
      () => createOnnxSession(ort, transferred(), wasm),
    ],
    [
      'a model in a buffer that was transferred',
      DtypeError,
      /given an ArrayBuffer, whose buffer was transferred/,
      () => createOnnxSession(ort, transferred().buffer, wasm),
    ],
    [
      'a model that is a stream',
      DtypeError,
      /bytes \(.*\), a Blob, a Response or a URL; given a ReadableStream/,
      () => createOnnxSession(ort, new ReadableStream() as never, wasm),
    ],
    [
      'a model that was cut off before its graph',
      OnnxRuntimeError,
      /without a graph/,
      () => createOnnxSession(ort, decoderModel.subarray(0, 2), wasm),
    ],

    [
      'a denoiser of nothing',
      OptionError,
      /session needs to be an OnnxSession.*given undefined/,
      () => createOnnxDenoiser(undefined as never),
    ],
    [
      'a denoiser of a session that is on its way',
      OptionError,
      /session .*given a Promise; await it/,
      () => createOnnxDenoiser({ session: createOnnxSession(ort, denoiserModel, wasm) as never }),
    ],
    [
      'a denoiser of an unknown input',
      OptionError,
      /name of an input needs to be a string; given 7/,
      () => createOnnxDenoiser({ session, sampleInput: 7 as never }),
    ],
    [
      'no input',
      ShapeError,
      /sample needs to be a GpuTensor or a CpuTensor; given undefined/,
      () => denoiser(undefined as never),
    ],
    [
      'a sample that is a list',
      ShapeError,
      /given \[0, 1\]\. Create it with uploadTokens/,
      () => denoiser({ ...input, sample: [0, 1] as never }),
    ],
    [
      'a timestep as a string',
      OptionError,
      /timestep .*given "7" \(string\)/,
      () => denoiser({ ...input, timestep: '7' as never }),
    ],
    ['guidance as a number', OptionError, /guided .*given 2/, () => denoiser({ ...input, guided: 2 as never })],
    [
      'no conditioning',
      OptionError,
      /conditioning needs to be an object \{ conditional: \{ text \}, unconditional: \{ text \} \}; given undefined/,
      () => denoiser({ ...input, conditioning: undefined as never }),
    ],
    [
      'conditioning of null',
      OptionError,
      /conditioning .*given null/,
      () => denoiser({ ...input, conditioning: null as never }),
    ],
    [
      'conditioning that is the text',
      OptionError,
      /conditioning\.conditional needs the model's inputs \{text\}; given none/,
      () => denoiser({ ...input, guided: false, conditioning: text as never }),
    ],
    [
      'text as a list',
      DtypeError,
      /'text' needs an Int32Array or a Float32Array.*given \[1, 2\]/,
      () => denoiser({ ...input, guided: false, conditioning: { conditional: { text: [1, 2] as never } } }),
    ],
    [
      'text as bigints',
      DtypeError,
      /given a BigInt64Array of 16 elements/,
      () =>
        denoiser({ ...input, guided: false, conditioning: { conditional: { text: new BigInt64Array(16) as never } } }),
    ],
    [
      'a chain without the conditioning of its network',
      OptionError,
      /conditioning .*given undefined/,
      () => pipelineWithoutText(),
    ],

    ['a decoder of nothing', OptionError, /session .*given undefined/, () => createOnnxDecoder(undefined as never)],
    [
      'a decoder of no codes',
      OptionError,
      /numCodes .*given "24"/,
      () => createOnnxDecoder({ session: decoderSession, numCodes: '24' as never }),
    ],
    ['no tokens', ShapeError, /tokens .*given undefined/, () => decoder(undefined as never)],
    [
      'tokens that are an array',
      ShapeError,
      /given a Uint32Array of 16 elements/,
      () => decoder(new Uint32Array(16) as never),
    ],
    ['floats as tokens', DtypeError, /tokens .*given f32/, () => decoder(new CpuTensor(new Float32Array(16), [1, 16]))],
    [
      'a mask among the tokens',
      TokenRangeError,
      /clean tokens, from 0 to 23; given 24\. .*predOriginalSample/,
      () => decoder(masked),
    ],
    [
      'a mask among tokens that are checked',
      TokenRangeError,
      /clean tokens, from 0 to 23; given the mask at position 15/,
      () => createOnnxDecoder({ session: decoderSession, numCodes: 24 })(masked),
    ],
    ['an encoder of nothing', OptionError, /session .*given undefined/, () => createOnnxEncoder(undefined as never)],
    [
      'no image',
      OptionError,
      /An image needs to be an object \{ data, shape \}; given undefined/,
      () => encoder(undefined as never),
    ],
    [
      'an image of bytes',
      DtypeError,
      /Float32Array; given a Uint8ClampedArray of 256 elements/,
      () => encoder({ data: new Uint8ClampedArray(256) as never, shape: [1, 4, 8, 8] }),
    ],
    [
      'an image without a shape',
      ShapeError,
      /list of non-negative integers; given undefined/,
      () => encoder({ data: image.data } as never),
    ],
    [
      'an image with NaN and infinities',
      ImageValueError,
      /An image needs finite values; 2 of the given 256 are NaN or infinite/,
      () => encoder({ ...image, data: image.data.with(0, NaN).with(255, Infinity) }),
    ],
    [
      "a decoder's output of NaN",
      ImageValueError,
      /decoder's output needs finite values; 256 of the given 256/,
      () => toImageData({ ...image, data: image.data.map(() => NaN) }),
    ],

    ['no output of a decoder', OptionError, /given undefined/, () => toImages(undefined as never)],
    [
      'an image of three axes',
      ShapeError,
      /\[batch, channels, height, width\]; given \[4, 8, 8\]/,
      () => toImageData({ data: image.data, shape: [4, 8, 8] }),
    ],
    [
      'an unknown kind of alpha',
      OptionError,
      /alpha .*given "none"/,
      () => toImageData(image, { alpha: 'none' as never }),
    ],
    [
      'a range of one number',
      OptionError,
      /range needs to be two different numbers.*given \[1\]/,
      () => toImageData(image, { range: [1] as never }),
    ],
    [
      'images outside of a list',
      DtypeError,
      /list of ImageData; given undefined/,
      () => fromImageData(undefined as never, 4),
    ],
    ['no prompts', OptionError, /hidden states .*given undefined/, () => conditionText(undefined as never)],
    [
      'images per prompt as a string',
      OptionError,
      /imagesPerPrompt .*given "2"/,
      () => conditionText(hidden, { imagesPerPrompt: '2' as never }),
    ],
    [
      'hidden states of doubles',
      DtypeError,
      /Float32Array; given a Float64Array/,
      () => normaliseTextEmbeddings({ data: new Float64Array(4) as never, shape: [2, 1, 2] }),
    ],
    [
      'no model folder',
      OptionError,
      /A model folder needs to be a URL or a string; given undefined/,
      () => fetchModelIndex(undefined as never),
    ],
    [
      'a signal that is its controller',
      OptionError,
      /AbortSignal; given an AbortController/,
      () => fetchModelIndex('models', { signal: new AbortController() as never }),
    ],

    [
      'a pipeline without parts',
      OptionError,
      /needs the part scheduler/,
      () => new VQDiffusionPipeline(undefined as never),
    ],
    [
      'a pipeline of a scheduler that is on its way',
      OptionError,
      /scheduler .*given a Promise; await it/,
      () => new VQDiffusionPipeline({ ...parts, scheduler: Promise.resolve(scheduler) } as never),
    ],
    [
      'a pipeline whose decoder is left out',
      OptionError,
      /needs the part decoder/,
      () => new VQDiffusionPipeline({ ...parts, decoder: undefined as never }),
    ],
    [
      'a decoder that is no function',
      OptionError,
      /decoder needs to be a function, such as createOnnxDecoder\(\) returns; given 0/,
      () => new VQDiffusionPipeline({ ...parts, decoder: 0 as never }),
    ],
    [
      'a tokenizer that is asynchronous',
      OptionError,
      /The tokenizer needs to give \{ ids, ignored \}.*given a Promise; await it/,
      () => new VQDiffusionPipeline({ ...parts, tokenizer: { encode: async () => tokenizer.encode('') } as never })(''),
    ],
    [
      'a tokenizer whose tokens are a list',
      OptionError,
      /ids an Int32Array .*given \[1, 2\]/,
      () =>
        new VQDiffusionPipeline({ ...parts, tokenizer: { encode: () => ({ ids: [1, 2], ignored: [] }) } as never })(''),
    ],
    [
      'a tokenizer whose tokens are of different lengths',
      OptionError,
      /of one length for all; given an Int32Array of 0 elements/,
      () => {
        const encode = (prompt: string) => ({ ids: new Int32Array(prompt.length), ignored: [] })
        return new VQDiffusionPipeline({ ...parts, tokenizer: { encode } })('heart')
      },
    ],
    ['a class', OptionError, /no classes.* given 3/, () => pipeline('heart', { classLabel: 3 })],
    ['a class of null', OptionError, /no classes.* given null/, () => pipeline('heart', { classLabel: null as never })],
    [
      'classes that are a number',
      OptionError,
      /classes needs to be an object \{ count, unconditional \}; given 10/,
      () => new VQDiffusionPipeline({ ...parts, tokenizer: undefined as never, classes: 10 as never }),
    ],
    [
      'tokens for a text encoder that are a list',
      DtypeError,
      /tokens of prompts need to be an Int32Array; given \[1, 2\]/,
      () => textEncoder([1, 2] as never),
    ],
    [
      'tokens for a text encoder that are too few',
      ShapeError,
      /need to be 16 for each; given 15/,
      () => textEncoder(new Int32Array(15)),
    ],
    [
      'a text encoder without hidden states',
      OptionError,
      /The model has no output 'last_hidden_state'; it has 'rgba'/,
      () => createOnnxTextEncoder({ session: decoderSession, input: 'codes' }),
    ],
    [
      'the file of another tokenizer',
      ConfigError,
      /byte-pair encoding of CLIP.*given undefined/,
      () => new ClipTokenizer(undefined, 77),
    ],
    [
      'an encoder that is none',
      OptionError,
      /The result of loadEncoder needs to be an encoder.*given undefined/,
      () => new VQDiffusionPipeline({ ...parts, loadEncoder: () => undefined as never })('', { image: picture }),
    ],
    [
      'an encoder of pictures of any size',
      ShapeError,
      /\[batch, channels, height, width\].*given \["batch", 4, "height", "width"\]/,
      () => {
        const inputShape = ['batch', 4, 'height', 'width']
        const loadEncoder = async () => Object.assign(async () => codes, { inputShape })
        return new VQDiffusionPipeline({ ...parts, loadEncoder })('', { image: picture })
      },
    ],
    [
      'a pipeline whose grid is a number',
      OptionError,
      /latentShape needs to be \[height, width\]; given 16/,
      () => new VQDiffusionPipeline({ ...parts, latentShape: 16 as never }),
    ],
    [
      'no model to load',
      OptionError,
      /ort needs to be the module onnxruntime-web; given undefined/,
      () => VQDiffusionPipeline.fromPretrained(undefined as never, undefined as never),
    ],
    [
      'a model to load that is a number',
      DtypeError,
      /URL of a folder.*given 7/,
      () => VQDiffusionPipeline.fromPretrained(7 as never, { ort }),
    ],
    [
      'a model of files that are none',
      DtypeError,
      /file model_index\.json .*given 5/,
      () => VQDiffusionPipeline.fromPretrained({ 'model_index.json': 5 } as never, { ort }),
    ],
    [
      'a model to load that is a Blob',
      DtypeError,
      /URL of a folder.*given a Blob/,
      () => VQDiffusionPipeline.fromPretrained(new Blob() as never, { ort }),
    ],
    [
      'a model of addresses and Blobs',
      DtypeError,
      /all addresses or all Blobs; given both/,
      () => VQDiffusionPipeline.fromPretrained({ 'model_index.json': 'a', b: new Blob() }, { ort }),
    ],
    [
      'a folder that is data',
      OptionError,
      /address with files below it.*given "data:,x"/,
      () => VQDiffusionPipeline.fromPretrained('data:,x', { ort }),
    ],
    [
      'a device to load on that is none',
      OptionError,
      /device .*given an empty object/,
      () => VQDiffusionPipeline.fromPretrained('models', { ort, device: {} as never }),
    ],
    [
      'a cache that is a string',
      OptionError,
      /cache .*given "no"/,
      () => VQDiffusionPipeline.fromPretrained('models', { ort, cache: 'no' as never }),
    ],
    ['a prompt that is a number', OptionError, /prompt .*given 7/, () => pipeline(7 as never)],
    ['options that are a seed', OptionError, /object of options; given 42/, () => pipeline('heart', 42 as never)],
    [
      'a seed as a string',
      OptionError,
      /seed .*given "42" \(string\)/,
      () => pipeline('heart', { seed: '42' as never }),
    ],
    ['a seed of null', OptionError, /seed .*given null/, () => pipeline('heart', { seed: null as never })],
    [
      'a count of steps of null',
      OptionError,
      /inference steps .*given null/,
      () => pipeline('heart', { numInferenceSteps: null as never }),
    ],
    [
      'a guidance scale of null',
      OptionError,
      /guidanceScale .*given null/,
      () => pipeline('heart', { guidanceScale: null as never }),
    ],
    [
      'a guidance interval of null',
      OptionError,
      /guidanceInterval .*given null/,
      () => pipeline('heart', { guidanceInterval: null as never }),
    ],
    [
      'a truncation rate of null',
      OptionError,
      /truncationRate .*given null/,
      () => pipeline('heart', { truncationRate: null as never }),
    ],
    [
      'a negative prompt of null',
      OptionError,
      /negativePrompt .*given null/,
      () => pipeline('heart', { negativePrompt: null as never }),
    ],
    [
      'an image of null',
      DtypeError,
      /image needs to be tokens or a picture.*given null/,
      () => pipeline('heart', { image: null as never }),
    ],
    [
      'a strength as a string',
      OptionError,
      /strength .*given "" \(string\)/,
      () => pipeline('heart', { image: codes.data, strength: '' as never }),
    ],
    [
      'a strength that draws no step',
      OptionError,
      /strength .*at least 0\.25, .*given 0\.24/,
      () => pipeline('heart', { image: codes.data, strength: 0.24, numInferenceSteps: 4 }),
    ],
    ['known tokens of null', OptionError, /known .*given null/, () => pipeline('heart', { known: null as never })],
    [
      'known tokens without a mask',
      DtypeError,
      /known\.mask .*given undefined/,
      () => pipeline('heart', { known: { image: codes.data } as never }),
    ],
    [
      'a class of images of null',
      OptionError,
      /output .*given null/,
      () => pipeline('heart', { output: null as never }),
    ],
    [
      'a class of images that Node does not have',
      OptionError,
      /output needs to be 'ImageData'/,
      () => pipeline('heart', { output: 'ImageBitmap' }),
    ],
    [
      'a callback that is no function',
      OptionError,
      /onStep .*given true/,
      () => pipeline('heart', { onStep: true as never }),
    ],
    [
      'a prompt to encode that is a list',
      OptionError,
      /A prompt needs to be a string; given \["heart"\]/,
      () => tokenizer.encode(['heart'] as never),
    ],
    ['a style of null', OptionError, /given null/, () => tokenizer.encode('heart', { style: null as never })],
    ['an unknown engine', OptionError, /engine .*given "gpu"/, () => chooseBackend({ engine: 'gpu' as never })],
    [
      'files outside of a list',
      OptionError,
      /The files need to be a list; given undefined/,
      () => loadFiles(undefined as never),
    ],
    ['a file without a URL', OptionError, /url of a file .*given undefined/, () => loadFiles([{ name: 'a' } as never])],
  ]
  const pipelineWithoutText = () =>
    new VQDiffusionPipeline({ ...parts, tokenizer: undefined as never })('', { numInferenceSteps: 2, seed: 1 })

  it.each(calls)('%s', async (_, error, message, call) => {
    await expectNamedError(call, error, message)
    expect((await decoder(codes)).shape).toEqual([1, 4, 8, 8])
    expect((await denoiser(input)).shape).toEqual([2, 16, 24])
  })
})

describe('an option that a call does not have is refused, with the one that was meant:', () => {
  const seed = { seed: 1, numInferenceSteps: 2 }
  it.each<[string, string | undefined, (options: object) => unknown]>([
    ['executionProviders', undefined, (given) => createOnnxSession(ort, decoderModel, { ...wasm, ...given })],
    ['num_code', 'numCodes', (given) => createOnnxDecoder({ session: decoderSession, ...given })],
    ['sample_input', 'sampleInput', (given) => createOnnxDenoiser({ session, ...given })],
    ['outputs', 'output', (given) => createOnnxEncoder({ session: encoderSession, ...given })],
    ['timesteps', 'timestep', (given) => denoiser({ ...input, ...given })],
    ['Alpha', 'alpha', (given) => toImageData(image, given)],
    ['inputs', 'input', (given) => createOnnxTextEncoder({ session: decoderSession, ...given })],
    ['class_label', 'classLabel', (given) => pipeline('', { ...seed, ...given })],
    ['images_per_prompt', 'imagesPerPrompt', (given) => conditionText(hidden, given)],
    ['abort', undefined, (given) => fetchModelIndex('models', given)],
    ['styles', 'style', (given) => tokenizer.encode('heart', given)],
    ['networks', 'network', (given) => chooseBackend(given)],
    ['on_progress', 'onProgress', (given) => loadFiles([], given)],
    ['memories', undefined, (given) => new PartStore(given)],
    ['text_input', 'textInput', (given) => new VQDiffusionPipeline({ ...parts, ...given })],
    [
      'num_inference_steps',
      'numInferenceSteps',
      (given) => new VQDiffusionPipeline({ ...parts, defaults: given as never }),
    ],
    ['tokens_per_call', 'tokensPerCall', (given) => pipeline('', { ...seed, ...given })],
    ['guidance_scale', 'guidanceScale', (given) => pipeline('', { ...seed, ...given })],
    ['num_images_per_prompt', 'numImagesPerPrompt', (given) => pipeline.stream('', { ...seed, ...given }).next()],
    ['masks', 'mask', (given) => pipeline('', { ...seed, known: { image: codes.data, ...given } as never })],
    ['on_progress', 'onProgress', (given) => VQDiffusionPipeline.fromPretrained('models', { ort, ...given })],
  ])('%s for %s', async (name, meant, call) => {
    const message = meant ? `takes no option "${name}": did you mean '${meant}'\\?` : `takes no option "${name}"\\.`
    await expectNamedError(() => call({ [name]: 1 }), OptionError, new RegExp(message))
  })
})

describe('after destroy()', () => {
  it('a denoiser and a decoder refuse calls, and the session stays', async () => {
    const [first, second] = [
      createOnnxDenoiser({ session }),
      createOnnxDecoder({ session: decoderSession, numCodes: 24 }),
    ]
    expect((await first(input)).shape).toEqual([2, 16, 24])
    const waiting = second(codes)
    for (const network of [first, second, first, second]) network.destroy()
    await expectNamedError(() => waiting, DestroyedError, /The decoder was destroyed/)
    await expectNamedError(() => second(codes), DestroyedError, /The decoder was destroyed/)
    await expectNamedError(() => first(input), DestroyedError, /The denoiser was destroyed/)
    expect((await decoder(codes)).shape).toEqual([1, 4, 8, 8])
  })

  it('tokens are refused', async () => {
    const dead = new CpuTensor(new Uint32Array(16), [1, 16])
    dead.destroy()
    await expectNamedError(() => decoder(dead), DestroyedError, /\[1, 16\] was destroyed/)
    await expectNamedError(() => denoiser({ ...input, sample: dead }), DestroyedError, /\[1, 16\] was destroyed/)
  })
})

describe('a call rejects with what a callback throws or rejects with:', () => {
  const loop = new SamplingLoop({ scheduler, denoiser })
  const chain = { numLatentPixels: 16, numInferenceSteps: 3, seed: 1, conditioning }
  const source = { name: 'a', url: 'data:,a' }
  const calls: [string, (callback: () => unknown) => Promise<unknown>][] = [
    ['callback of the loop', (callback) => loop.generate({ ...chain, callback })],
    ['onStep of a pipeline', (onStep) => pipeline('heart', { numInferenceSteps: 2, onStep })],
    ['onProgress of loadFiles', (onProgress) => loadFiles([source], { onProgress })],
    ['work of whenFree', (work) => session.whenFree(work as never)],
    [
      'loadEncoder',
      (load) => new VQDiffusionPipeline({ ...parts, loadEncoder: load as never })('', { image: picture }),
    ],
  ]
  it.each(calls)('%s', async (_, call) => {
    const calledOnce = (work: () => unknown) => {
      let called = false
      return () => {
        if (called) throw new Error('It was called again.')
        called = true
        return work()
      }
    }
    const failure = new Error('no')
    await expect(
      call(
        calledOnce(() => {
          throw failure
        }),
      ),
    ).rejects.toBe(failure)
    await expect(call(calledOnce(() => Promise.reject(failure)))).rejects.toBe(failure)
  })
})

describe('no wrong argument gives an error that is not the library’s:', () => {
  const options = {
    numImagesPerPrompt: 1,
    negativePrompt: '',
    style: undefined,
    numInferenceSteps: 2,
    timesteps: undefined,
    spacing: 'strided',
    guidanceScale: 2,
    guidanceInterval: [0, 50],
    truncationRate: 1,
    method: 'posterior',
    priorWeight: 0,
    tokensPerCall: undefined,
    seed: 1,
    image: codes.data,
    strength: 0.5,
    known: { image: codes.data, mask: codes.data },
    previewEvery: 0,
    signal: undefined,
    output: 'ImageData',
    onStep: () => {},
  }
  const file = { name: 'a', url: 'data:,a', key: 'https://example.org/a', bytes: 1, sha256: 'ab' }
  const store = new PartStore({ memory: new MemoryStore(), open: async () => undefined })
  const calls: [ValidCall['name'], ValidCall['call'], ValidCall['parameters']][] = [
    ['createOnnxSession', createOnnxSession, () => [ort, decoderModel, { provider: 'wasm', externalData: {} }]],
    [
      'createOnnxDenoiser',
      createOnnxDenoiser,
      () => [{ session, sampleInput: 'x_t', timestepInput: 't', output: 'logits' }],
    ],
    [
      'createOnnxDecoder',
      createOnnxDecoder,
      () => [{ session: decoderSession, input: 'codes', output: 'rgba', numCodes: 24 }],
    ],
    ['createOnnxEncoder', createOnnxEncoder, () => [{ session: encoderSession, input: 'rgba', output: 'codes' }]],
    ['a denoiser', denoiser as ValidCall['call'], () => [input]],
    [
      'its conditioning',
      (given: never) => denoiser({ ...input, conditioning: given }),
      () => [{ conditional: text, unconditional: text }],
    ],
    ['a decoder', decoder, () => [codes]],
    ['an encoder', encoder, () => [image]],
    ['whenFree', session.whenFree.bind(session), () => [async () => 1]],
    ['toImages', toImages, () => [image]],
    ['toImageData', toImageData, () => [image, { range: [0, 1], alpha: 'straight' }]],
    ['fromImageData', fromImageData, () => [toImageData(image), 4, { range: [0, 1], alpha: 'straight' }]],
    [
      'conditionText',
      conditionText,
      () => [hidden, { imagesPerPrompt: 1, unconditional: { data: new Float32Array(2), shape: [1, 2] } }],
    ],
    ['normaliseTextEmbeddings', normaliseTextEmbeddings, () => [hidden]],
    [
      'new VQDiffusionPipeline',
      (given: never) => new VQDiffusionPipeline(given),
      () => [
        {
          ...parts,
          imageShape: [8, 8],
          imageFormat: {},
          loadEncoder: async () => encoder,
          textInput: 'text',
          defaults: {},
        },
      ],
    ],
    ['a pipeline', pipeline as ValidCall['call'], () => ['heart', options]],
    ['its known tokens', (known: never) => pipeline('heart', { ...options, known } as never), () => [options.known]],
    ['stream', (prompt: string, options: object) => pipeline.stream(prompt, options).next(), () => ['heart', options]],
    [
      'new WordTokenizer',
      (given: never) => new WordTokenizer(given),
      () => [{ type: 'word', max_length: 2, pad_id: 0, styles: [], vocab: ['a'] }],
    ],
    ['encode', tokenizer.encode.bind(tokenizer), () => ['heart', { style: undefined }]],
    ['splitWords', splitWords, () => ['red heart']],
    ['chooseBackend', chooseBackend, () => [{ engine: 'auto', network: 'auto' }, undefined]],
    [
      'loadFiles',
      loadFiles,
      () => [[{ name: 'a', url: 'data:,a' }], { store, onProgress: () => {}, signal: undefined }],
    ],
    [
      'new PartStore',
      (given: never) => new PartStore(given),
      () => [{ memory: new MemoryStore(), open: async () => undefined }],
    ],
    ['read', store.read.bind(store), () => [file, 0]],
    ['write', store.write.bind(store), () => [file, 0, new Uint8Array(1)]],
    ['count', store.count.bind(store), () => [file]],
    ['remove', store.remove.bind(store), () => [file]],
    ['removeOtherVersions', store.removeOtherVersions.bind(store), () => [file]],
  ]

  it.each(calls)('%s', async (name, call, parameters) => {
    const outcomes = await sweep([{ name, call, parameters }])
    expect(outcomes[name]).toBe('done')
  })
})

it('a model with as many classes as latent pixels is drawn if the layout of its logits is given', async () => {
  const square = {
    scheduler: await VQDiffusionScheduler.create({ num_vec_classes: 5, num_train_timesteps: 10 }),
    denoiser: async () => new CpuTensor(new Float32Array(16), [1, 4, 4]),
    decoder: async () => ({ data: new Float32Array(12), shape: [1, 3, 2, 2] }),
    latentShape: [2, 2],
  } as const
  const options = { numInferenceSteps: 2, guidanceScale: 1 }
  await expectNamedError(
    () => new VQDiffusionPipeline(square)('', options),
    OptionError,
    /give the pipeline the layout/,
  )
  const { images } = await new VQDiffusionPipeline({ ...square, layout: 'class-major' })('', options)
  expect(images).toHaveLength(1)
})
