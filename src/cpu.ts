export type { CpuStepOptions } from './cpu/step'
export { type CpuArray, type CpuDtype, CpuTensor } from './cpu/tensor'
export type { VariationalTerms } from './cpu/variational'
export { VQDiffusionScheduler } from './schedulers/cpu'
