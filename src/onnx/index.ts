export type { OnnxConditioning, OnnxInputs } from './conditioning'
export { createOnnxDecoder, type OnnxDecoder, type OnnxImage } from './decoder'
export { createOnnxDenoiser, type OnnxDenoiser } from './denoiser'
export { createOnnxSession, type OnnxProvider, type OnnxRuntime, OnnxRuntimeError, type OnnxSession } from './session'
