/** The base class of the library's errors. Every message names the given value and what is needed. */
export class VQDiffusionError extends Error {
  /** Name of the error class. It is the same in minified builds. */
  // A literal in every class, since minifiers rename classes.
  override readonly name: string = 'VQDiffusionError'
}

/** The runtime has no `navigator.gpu`. */
export class WebGPUUnavailableError extends VQDiffusionError {
  override readonly name = 'WebGPUUnavailableError'
}
/** WebGPU exists, but the browser offers no adapter, or no device. */
export class AdapterUnavailableError extends VQDiffusionError {
  override readonly name = 'AdapterUnavailableError'
}
/** The GPU device was lost, with everything created on it. */
export class DeviceLostError extends VQDiffusionError {
  override readonly name = 'DeviceLostError'
}
/** The WebGPU implementation refused a shader or pipeline. */
export class ShaderError extends VQDiffusionError {
  override readonly name = 'ShaderError'
}
/** A scheduler configuration that is incomplete or describes no mask-and-replace process. */
export class ConfigError extends VQDiffusionError {
  override readonly name = 'ConfigError'
}
/** A tensor or shape that does not fit, or a value that is no tensor of the engine. */
export class ShapeError extends VQDiffusionError {
  override readonly name = 'ShapeError'
}
/** A tensor of the wrong dtype. */
export class DtypeError extends VQDiffusionError {
  override readonly name = 'DtypeError'
}
/** A token outside 0..C−1. */
export class TokenRangeError extends VQDiffusionError {
  override readonly name = 'TokenRangeError'
}
/** A timestep outside the schedule, or not in the list of timesteps. */
export class TimestepError extends VQDiffusionError {
  override readonly name = 'TimestepError'
}
/** An option that is missing, is out of range, or cannot be combined with another given option. */
export class OptionError extends VQDiffusionError {
  override readonly name = 'OptionError'
}
/** A tensor that lives on another GPUDevice. */
export class DeviceMismatchError extends VQDiffusionError {
  override readonly name = 'DeviceMismatchError'
}
/** A tensor or scheduler that was destroyed. */
export class DestroyedError extends VQDiffusionError {
  override readonly name = 'DestroyedError'
}
/** A size beyond the limits of the device. */
export class LimitError extends VQDiffusionError {
  override readonly name = 'LimitError'
}

/** Nothing could be drawn from some logits of the network, or given tokens were invalid (docs/MATH.md#faults). */
export class ModelOutputError extends VQDiffusionError {
  override readonly name = 'ModelOutputError'

  /** Composes the message from the counts that `readFaults` returns. */
  constructor(
    /** Latent pixels whose logits held NaN or +∞, or were −∞ for every class. */
    readonly invalidColumns: number,
    /** Latent pixels whose token was no class, or a mask under a schedule that never masks. */
    readonly impossibleTokens: number,
  ) {
    super(
      `The steps met ${invalidColumns} latent pixel(s) with logits that were NaN or +Infinity, or all -Infinity, and ` +
        `${impossibleTokens} token(s), given as latents, image or known, that the schedule cannot produce.`,
    )
  }
}

/** A file that could not be fetched or parsed. */
export class FetchError extends VQDiffusionError {
  override readonly name = 'FetchError'

  /** Creates the error of one file. */
  constructor(
    message: string,
    /** The address, or the path in a folder that the user opened. */
    readonly url: string,
    /** HTTP status, 0 if there was no response. */
    readonly status: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
