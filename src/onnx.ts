/// <reference lib="esnext.disposable" preserve="true" />

/**
 * From prompts to pictures: the pipeline of a model folder, and networks of onnxruntime-web for both schedulers.
 *
 * @module vq-diffusion-webgpu/onnx
 */

export type { FileFacts } from './file_facts'
export type { OnnxConditioning, OnnxInputs } from './onnx/conditioning'
export { createOnnxDecoder, type OnnxDecoder, type OnnxImage } from './onnx/decoder'
export { createOnnxDenoiser, type OnnxDenoiser } from './onnx/denoiser'
export { createOnnxEncoder, type OnnxEncoder } from './onnx/encoder'
export { fromImageData, type ImageFormat, toImageData, toImages } from './onnx/images'
export { fetchModelIndex, type ModelIndex } from './onnx/model_index'
export type { FileSource } from './onnx/model_source'
export type { AnyTensor, HostArray } from './onnx/network'
export type { OnnxProvider, OnnxRuntime } from './onnx/runtime'
export { OnnxRuntimeError } from './onnx/runtime_error'
export { createOnnxSession, type OnnxSession, type OnnxSessionOptions } from './onnx/session'
export type { Axis, HostFloats } from './onnx/shapes'
export { conditionText, normaliseTextEmbeddings, type TextEmbeddings } from './onnx/text_embeddings'
export { createOnnxTextEncoder, type OnnxTextEncoder } from './onnx/text_encoder'
export type { Bytes, DownloadProgress, RemoteFile, StorableFile } from './store/files'
export { type LoadOptions, loadFiles } from './store/load'
export { MemoryStore, type MemoryStoreLike } from './store/memory_store'
export { PartStore } from './store/part_store'
export { deleteStored, storedBytes } from './store/stored_model'
export {
  type Backend,
  type BackendChoice,
  chooseBackend,
  type EngineName,
  type NetworkProvider,
  requestBackend,
} from './text_to_image/backend'
export { ClipTokenizer, type ClipTokenizerFile } from './text_to_image/clip_tokenizer'
export type { PretrainedPipelineOptions } from './text_to_image/load'
export type { ModelSource } from './text_to_image/model_folder'
export type {
  ImageOutputs,
  KnownPicture,
  PictureOptions,
  PipelineDefaults,
  PipelineOptions,
  PipelineOutput,
  PipelineStep,
  StartImage,
} from './text_to_image/options'
export type { Classes, PipelineParts, Scheduler } from './text_to_image/parts'
export type { Mask, Picture } from './text_to_image/pictures'
export { type PipelineCall, VQDiffusionPipeline } from './text_to_image/pipeline'
export type { Tokenizer } from './text_to_image/request'
export { type EncodedPrompt, splitWords, WordTokenizer, type WordTokenizerFile } from './text_to_image/word_tokenizer'
export type { HalfArray } from './typed_arrays'
