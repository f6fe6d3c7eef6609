import { rowsShape, sameShape, shapeText, type TensorLike } from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { Layout } from '../options'

/**
 * The layout of a network's logits, by their shape [rows, K, N] or [rows, N, K]. Throws ShapeError if it is neither, and
 * OptionError if N = K, where the shape does not tell.
 */
export function layoutOf(
  modelOutput: TensorLike,
  [rows, numCodes, numPixels]: readonly [number, number, number],
): Layout {
  const classMajor = rowsShape('class-major', rows, numCodes, numPixels)
  const pixelMajor = rowsShape('pixel-major', rows, numCodes, numPixels)
  const matches = (shape: readonly number[]) => sameShape(modelOutput.shape, shape)
  if (!matches(classMajor) && !matches(pixelMajor))
    throw new ShapeError(
      `The denoiser needs to return logits [batch, classes, pixels] = ${shapeText(classMajor)} or [batch, pixels, ` +
        `classes] = ${shapeText(pixelMajor)}; it returned ${shapeText(modelOutput.shape)}. K is num_vec_classes − 1, ` +
        `the mask excluded.`,
    )
  if (numCodes === numPixels)
    throw new OptionError(
      `As many classes as latent pixels (${numCodes}): give the pipeline the layout of the logits, 'class-major' or ` +
        "'pixel-major'.",
    )
  return matches(classMajor) ? 'class-major' : 'pixel-major'
}
