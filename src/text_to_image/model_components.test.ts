import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors'
import type { ModelIndex } from '../onnx/model_index'
import { componentsOf } from './model_components'

const index: ModelIndex = {
  _class_name: 'VQDiffusionPipeline',
  scheduler: ['diffusers', 'VQDiffusionScheduler'],
  denoiser: ['onnx', 'denoiser/model.onnx'],
  vqvae: ['onnx', 'vqvae/decoder.onnx', 'vqvae/encoder.onnx'],
  tokenizer: ['json', 'tokenizer.json'],
  latent_height: 4,
  latent_width: 5,
}

const clip = {
  tokenizer: ['clip', 'tokenizer/tokenizer.json'],
  text_length: 77,
  text_encoder: ['onnx', 'text_encoder/model.onnx'],
  learned_classifier_free_sampling_embeddings: ['f32', 'embeddings.bin'],
}

describe('componentsOf', () => {
  it('reads paths, sizes, the format of images and defaults', () => {
    expect(componentsOf(index)).toEqual({
      denoiser: { webgpu: 'denoiser/model.onnx', wasm: 'denoiser/model.onnx' },
      decoder: 'vqvae/decoder.onnx',
      encoder: 'vqvae/encoder.onnx',
      text: { kind: 'words', tokenizer: 'tokenizer.json' },
      classes: undefined,
      latentShape: [4, 5],
      layout: undefined,
      imageShape: undefined,
      imageFormat: {},
      defaults: {},
    })
    const more = {
      logits_layout: 'pixel-major',
      image_height: 8,
      image_width: 10,
      image_range: [0, 1],
      image_alpha: 'straight',
    }
    const defaults = { num_inference_steps: 6, guidance_scale: 2, guidance_interval: [20, 99], truncation_rate: 0.9 }
    expect(componentsOf({ ...index, ...more, defaults })).toMatchObject({
      layout: 'pixel-major',
      imageShape: [8, 10],
      imageFormat: { range: [0, 1], alpha: 'straight' },
      defaults: { numInferenceSteps: 6, guidanceScale: 2, guidanceInterval: [20, 99], truncationRate: 0.9 },
    })
  })

  it('reads a denoiser of its own for WebAssembly', () => {
    const denoiser_wasm = ['onnx', 'denoiser/model_int8.onnx']
    expect(componentsOf({ ...index, denoiser_wasm }).denoiser).toEqual({
      webgpu: 'denoiser/model.onnx',
      wasm: 'denoiser/model_int8.onnx',
    })
    expect(componentsOf({ ...index, denoiser_wasm: [null, null] }).denoiser.wasm).toBe('denoiser/model.onnx')
    expect(() => componentsOf({ ...index, denoiser: undefined, denoiser_wasm })).toThrow(ConfigError)
  })

  it('takes nulls as diffusers writes them for a component that is not there', () => {
    expect(componentsOf({ ...index, tokenizer: [null, null] }).text).toBeUndefined()
    const { decoder, encoder } = componentsOf({ ...index, vqvae: [null, null] })
    expect([decoder, encoder]).toEqual([undefined, undefined])
  })

  it('reads the text encoder of CLIP, with learned embeddings or none', () => {
    expect(componentsOf({ ...index, ...clip }).text).toEqual({
      kind: 'clip',
      tokenizer: 'tokenizer/tokenizer.json',
      length: 77,
      encoder: 'text_encoder/model.onnx',
      unconditional: 'embeddings.bin',
    })
    const none = { learned_classifier_free_sampling_embeddings: [null, null] }
    expect(componentsOf({ ...index, ...clip, ...none }).text).toMatchObject({ kind: 'clip', unconditional: undefined })
  })
  it('reads classes', () => {
    const withoutText = { ...index, tokenizer: undefined, num_classes: 1000 }
    expect(componentsOf(withoutText)).toMatchObject({ text: undefined, classes: { count: 1000 } })
    expect(componentsOf({ ...withoutText, unconditional_class: 1000 }).classes).toEqual({
      count: 1000,
      unconditional: 1000,
    })
  })
  it.each([
    [{ denoiser: ['diffusers', 'Transformer2DModel'] }, 'npx vq-diffusion-webgpu convert'],
    [{ vqvae: ['diffusers', 'VQModel'] }, 'npx vq-diffusion-webgpu convert'],
    [{ vqvae: undefined }, 'or [null, null] where tokens are the result'],
    [{ vqvae: [] }, 'or [null, null] where tokens are the result'],
    [{ vqvae: [null, 'vqvae/decoder.onnx'] }, 'or [null, null] where tokens are the result'],
    [
      { denoiser: undefined, tokenizer: ['transformers', 'CLIPTokenizer'] },
      'A folder of diffusers has to be converted first',
    ],
    [{ ...clip, text_encoder: undefined }, 'CLIP needs "text_encoder": ["onnx", PATH]; given none'],
    [{ ...clip, text_length: undefined }, 'text_length needs to be an integer of at least 2; given undefined'],
    [
      { ...clip, text_encoder: ['transformers', 'CLIPTextModel'] },
      'text_encoder in model_index.json needs the kind "onnx"',
    ],
    [
      { ...clip, learned_classifier_free_sampling_embeddings: ['vq_diffusion', 'L'] },
      'needs the kind "f32"; given "vq_diffusion"',
    ],
    [{ ...clip, tokenizer: ['json', 'words.json'] }, 'a text encoder needs "tokenizer": ["clip", PATH]'],
    [{ num_classes: 10 }, 'on texts or on classes; given a tokenizer and num_classes'],
    [{ tokenizer: undefined, num_classes: 0 }, 'num_classes needs to be an integer of at least 1; given 0'],
    [
      { tokenizer: undefined, unconditional_class: 5 },
      'num_classes needs to be an integer of at least 1; given undefined',
    ],
    [{ tokenizer: undefined, num_classes: 5, unconditional_class: '5' }, 'unconditional_class needs to be an integer'],
    [{ logits_layout: 'NHWC' }, "logits_layout needs to be 'class-major' or 'pixel-major'; given \"NHWC\""],
    [{ denoiser: ['onnx', 7] }, 'A path of denoiser needs to be a string; given 7'],
    [{ denoiser_wasm: ['onnx'] }, 'denoiser_wasm needs the path of a file; given none'],
    [{ denoiser_wasm: ['onnx', null] }, 'A path of denoiser_wasm needs to be a string; given null'],
    [{ denoiser_wasm: 'model_int8.onnx' }, 'denoiser_wasm needs to be [KIND, PATH]; given "model_int8.onnx"'],
    [
      { denoiser_wasm: ['diffusers', 'T'] },
      'denoiser_wasm in model_index.json needs the kind "onnx"; given "diffusers"',
    ],
    [{ vqvae: ['onnx'] }, 'vqvae needs the path of a file; given none'],
    [{ tokenizer: ['json'] }, 'tokenizer needs the path of a file; given none'],
    [{ tokenizer: 'tokenizer.json' }, 'tokenizer needs to be [KIND, PATH]; given "tokenizer.json"'],
    [{ tokenizer: ['transformers', 'CLIPTokenizer'] }, 'needs the kind "json" or "clip"; given "transformers"'],
    [{ latent_height: '4' }, 'latent_height needs to be an integer of at least 1; given "4"'],
    [{ image_width: 0 }, 'image_width needs to be an integer of at least 1; given 0'],
    [{ image_range: [1, 1] }, 'range needs to be two different numbers'],
    [{ image_alpha: 'none' }, "alpha needs to be 'straight' or 'premultiplied'; given \"none\""],
    [{ defaults: [] }, 'defaults needs to be an object; given []'],
    [
      { defaults: { num_inference_steps: null } },
      'num_inference_steps needs to be an integer of at least 1; given null',
    ],
    [{ defaults: { guidance_scale: '2' } }, 'guidance_scale needs to be a number'],
    [
      { defaults: { guidance_interval: 20 } },
      'guidance_interval needs to be a list of two timesteps, [from, to]; given 20',
    ],
    [
      { defaults: { guidance_interval: [20, 10] } },
      'The last timestep of guidance_interval needs to be an integer of at least 20; given 10',
    ],
    [{ defaults: { truncation_rate: '1' } }, 'truncation_rate needs to be a number; given "1"'],
  ])('refuses %j', (changes, message) => {
    expect(() => componentsOf({ ...index, ...changes })).toThrow(ConfigError)
    expect(() => componentsOf({ ...index, ...changes })).toThrow(message)
  })
})
