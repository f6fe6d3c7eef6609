import type { InferenceSession } from 'onnxruntime-web'
import type { Problem } from '../peer'
import type { StepShape } from './onnx_step'
import { raceNoise } from './race'

/** Values of one input of a step's graph. */
export type HostInput =
  | { readonly type: 'float32'; readonly data: Float32Array }
  | { readonly type: 'float16'; readonly data: Float16Array }
  | { readonly type: 'int32'; readonly data: Int32Array }

/** The graph of a problem. */
export function stepShape(problem: Problem, transpose: boolean): StepShape {
  const { batchSize, numVecClasses, numLatentPixels, layout, unconditional, guidanceScale, truncationRate } = problem
  return {
    ...{ batchSize, numVecClasses, numLatentPixels, layout, truncationRate, transpose },
    logits: problem.dtype === 'f16' ? 'float16' : 'float32',
    guidanceScale: unconditional ? guidanceScale : undefined,
  }
}

/** Makes a tensor of every input that the session has. */
export function feedsOf<Tensor>(
  session: InferenceSession,
  problem: Problem,
  shape: StepShape,
  tensorOf: (input: HostInput, dims: readonly number[]) => Tensor,
): Record<string, Tensor> {
  const inputs = hostInputs(problem, shape)
  const feeds: Record<string, Tensor> = {}
  for (const value of session.inputMetadata)
    if (value.isTensor) feeds[value.name] = tensorOf(inputs[value.name]!, value.shape as readonly number[])
  return feeds
}

function hostInputs(problem: Problem, shape: StepShape): Record<string, HostInput> {
  const logits = (values: Float32Array): HostInput =>
    shape.logits === 'float16' ? { type: 'float16', data: new Float16Array(values) } : { type: 'float32', data: values }
  const noise = raceNoise(problem, shape.transpose ? 'pixel-major' : problem.layout)
  return {
    conditional: logits(problem.conditional),
    ...(problem.unconditional && { unconditional: logits(problem.unconditional) }),
    noise: { type: 'float32', data: noise.classes },
    mask_noise: { type: 'float32', data: noise.mask },
    x_t: { type: 'int32', data: new Int32Array(problem.sample) },
  }
}
