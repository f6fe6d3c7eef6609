/** A tensor f32 on the host, row-major. */
interface Uniforms {
  readonly data: Float32Array | Float64Array | Uint32Array
  readonly shape: readonly number[]
}

/** What a chain asks of its scheduler, which has more: see ChainScheduler. */
interface Steps {
  step(...parameters: never): unknown
  logPX0(...parameters: never): unknown
}

/**
 * Has a scheduler draw the steps of a chain with given uniforms instead of a generator, from the clamped and truncated
 * log p(x₀), as diffusers' pipeline does. Returns the tokens after every step; they grow as the chain runs.
 *
 * @param uniforms `noise` [steps, B, C, N], and `lastNoise` [B, C − 1, N] of the last step unless `noise` has it
 * @param upload makes a tensor f32 on the engine of the scheduler
 */
export function drawWithUniforms(
  scheduler: Steps,
  uniforms: { readonly noise: Uniforms; readonly lastNoise?: Uniforms | undefined },
  upload: (values: Float32Array, shape: readonly number[]) => unknown,
): Promise<ArrayLike<number>>[]
