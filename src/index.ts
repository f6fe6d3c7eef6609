/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The scheduler on WebGPU, the sampling loop over token grids, tensors, seeds and errors.
 *
 * @module vq-diffusion-webgpu
 */

export type { ConfigOverrides, VQDiffusionSchedulerConfig, VQDiffusionSchedulerOptions } from './config'
export * from './errors'
export type { PretrainedOptions } from './fetch'
export { GpuContext } from './gpu/context'
export { DenseOperators } from './gpu/dense'
export { type Capabilities, capabilities, requestDevice } from './gpu/device'
export type { Dtype, TypedArrayOf, UploadArray } from './gpu/dtype'
export { ForwardProcess } from './gpu/forward'
export type { LogitsTensor } from './gpu/logits'
export { type GpuStepOptions, ReverseStep } from './gpu/step'
export { GpuTensor } from './gpu/tensor'
export type { OnnxGpuTensor } from './onnx_tensor'
export type * from './options'
export type {
  ChainOptions,
  ChainPosition,
  ConditioningOption,
  Decoder,
  Denoiser,
  DenoiserInput,
  Logits,
  SampleOptions,
  SampleProgress,
} from './pipeline/options'
export { VQDiffusionPipeline } from './pipeline/pipeline'
export type { Expectation } from './process/expectation'
export { Process, type TimestepPair } from './process/process'
export type { PossibleTokens, Routes, RouteTable } from './process/routes'
export type { ScheduleTables } from './process/schedule'
export { type ItemStream, RandomGenerator, type RandomGeneratorState } from './random'
export type { SamplingMethod } from './samplers'
export { type GpuPurityOptions, PuritySampler } from './samplers/purity/gpu'
export type { AnyScheduler, ChainScheduler, ChainStepOptions, ChainTensor, TensorOf } from './samplers/sampler'
export type { ExpectationOptions, SchedulerBase } from './schedulers/base'
export { VQDiffusionScheduler } from './schedulers/gpu'
export type { HalfArray } from './typed_arrays'
