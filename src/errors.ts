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
/**
 * Work that WebGPU refused, memory that it could not allocate, or a buffer that it would refuse. What such work writes
 * is not its result. The message has WebGPU's text.
 */
export class WebGPUError extends VQDiffusionError {
  override readonly name = 'WebGPUError'
}
/** A size beyond the limits of the device, of WebAssembly or of the memory. */
export class LimitError extends VQDiffusionError {
  override readonly name = 'LimitError'
}

/**
 * Nothing could be drawn from some logits of the network, given tokens were invalid, or masks are left at the end of a
 * chain (docs/MATH.md#faults).
 */
export class ModelOutputError extends VQDiffusionError {
  override readonly name = 'ModelOutputError'

  /** Composes the message from the counts that `readFaults` returns, and from that of masks. */
  constructor(
    /** Latent pixels whose logits held NaN or +∞, or were −∞ for every class; or whose noise was outside of [0, 1]. */
    readonly invalidColumns: number,
    /** Latent pixels whose token was no class, or one that the schedule cannot produce. */
    readonly impossibleTokens: number,
    /** Latent pixels that are masked at the end of the chain. */
    readonly remainingMasks = 0,
  ) {
    const met =
      `The steps met ${invalidColumns} latent pixel(s) with logits that were NaN or +Infinity, or all -Infinity, and ` +
      `${impossibleTokens} token(s), given as latents, image or known, that the schedule cannot produce.`
    const left = `${remainingMasks} latent pixel(s) are masked at the end of the chain, where all have to be clean.`
    super(remainingMasks > 0 ? left : met)
  }
}

/** A decoder's output, or an image for an encoder, with values that are NaN or infinite. */
export class ImageValueError extends VQDiffusionError {
  override readonly name = 'ImageValueError'

  /** Creates the error of one tensor of images. */
  constructor(
    message: string,
    /** How many values are NaN or infinite. */
    readonly invalidValues: number,
  ) {
    super(message)
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

/** A checkpoint that is broken, is not what its name says, or holds a network of another architecture. */
export class CheckpointError extends VQDiffusionError {
  override readonly name = 'CheckpointError'

  /** Creates the error of one file or folder. */
  constructor(
    message: string,
    /** The file or folder. */
    readonly source: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
