import { rowsShape, sameShape, type TensorLike } from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { Layout } from '../options'
import { shapeText, valueText } from '../value_text'

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
  // A tensor of onnxruntime-web has dims.
  const given = modelOutput?.shape ?? (modelOutput as unknown as { dims?: readonly number[] } | undefined)?.dims
  const matches = (shape: readonly number[]) => Array.isArray(given) && sameShape(given, shape)
  if (!matches(classMajor) && !matches(pixelMajor))
    throw new ShapeError(
      `The denoiser needs to return logits [batch, classes, pixels] = ${shapeText(classMajor)} or [batch, pixels, ` +
        `classes] = ${shapeText(pixelMajor)}; it returned ${valueText(modelOutput)}. num_vec_classes is ` +
        `${numCodes + 1}, the mask included; logits have one class less.`,
    )
  if (numCodes === numPixels)
    throw new OptionError(
      `As many classes as latent pixels (${numCodes}): give the pipeline the layout of the logits, 'class-major' or ` +
        "'pixel-major'.",
    )
  return matches(classMajor) ? 'class-major' : 'pixel-major'
}
