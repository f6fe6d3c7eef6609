export type { VQDiffusionSchedulerConfig, VQDiffusionSchedulerOptions } from './config'
export { type Capabilities, capabilities, requestDevice } from './device'
export * from './errors'
export type { PretrainedOptions } from './fetch'
export type { OnnxGpuTensor } from './interop'
export type { AddNoiseOptions, LogPX0Options, LogQOptions, QPosteriorOptions } from './operator_options'
export { VQDiffusionPipeline } from './pipeline'
export { RandomGenerator, type RandomGeneratorState } from './random'
export type {
  ChainScheduler,
  ChainTensor,
  Decoder,
  Denoiser,
  DenoiserInput,
  SampleOptions,
  SampleProgress,
} from './sample_options'
export { type GpuStepOptions, VQDiffusionScheduler } from './scheduler'
export type { LogitsTensor } from './step_inputs'
export type {
  Faults,
  Guidance,
  KnownTokens,
  Layout,
  StepDiagnostics,
  StepOptions,
  VQDiffusionSchedulerOutput,
} from './step_options'
export { type Dtype, GpuTensor, type TypedArrayOf } from './tensor'
