/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The float64 twin of the scheduler, in JavaScript: the same methods, options and seeds, on tensors in host memory.
 *
 * @module vq-diffusion-webgpu/cpu
 */

export type { ConfigOverrides, VQDiffusionSchedulerConfig, VQDiffusionSchedulerOptions } from './config'
export type { CpuStepOptions } from './cpu/step'
export { type CpuArray, type CpuDtype, CpuTensor } from './cpu/tensor'
export type { VariationalTerms } from './cpu/variational'
export * from './errors'
export type { PretrainedOptions } from './fetch'
export type * from './options'
export type { Expectation } from './process/expectation'
export type { ScheduleTables } from './process/schedule'
export { type ItemStream, RandomGenerator, type RandomGeneratorState } from './random'
export type { SamplingMethod } from './samplers'
export type { CpuPurityOptions } from './samplers/purity/cpu'
export type { ExpectationOptions, SchedulerBase } from './schedulers/base'
export { VQDiffusionScheduler } from './schedulers/cpu'
export type { HalfArray } from './typed_arrays'
