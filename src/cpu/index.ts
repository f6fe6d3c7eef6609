export { type CpuStepOptions, VQDiffusionScheduler } from './scheduler'
export { type CpuArray, type CpuDtype, CpuTensor } from './tensor'
export type { VariationalTerms } from './variational'
