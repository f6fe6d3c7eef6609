import type { GoldenArray, GoldenCase } from './golden_cases'

/** A tensor of a network; integers are int32, floats float32. */
interface NetworkTensor {
  readonly data: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>
  readonly dims: readonly number[]
}

/** A converted network with inputs, and what the real code gives for them. */
export interface NetworkCase {
  readonly path: string
  readonly output: string
  readonly inputs: Readonly<Record<string, NetworkTensor>>
  readonly reference: GoldenArray
  /** Values of the output as the reference has them. */
  valuesOf(output: ArrayLike<number>): ArrayLike<number>
}

export const networkNames = ['text', 'denoiser', 'decoder', 'encoder'] as const

/** A network of a golden pipeline. */
export function networkCase(cases: ReadonlyMap<string, GoldenCase>, name: (typeof networkNames)[number]): NetworkCase {
  const { inputs, outputs } = cases.get(name)!
  const asIs = (values: ArrayLike<number>) => values
  switch (name) {
    case 'text':
      return {
        path: 'text_encoder/model.onnx',
        output: 'last_hidden_state',
        inputs: { input_ids: integers(inputs.input_ids!) },
        reference: outputs['last_hidden_state.f64'] ?? outputs.last_hidden_state!,
        valuesOf: asIs,
      }
    case 'denoiser':
      return {
        path: 'denoiser/model.onnx',
        output: 'logits',
        inputs: {
          x_t: integers(inputs.x_t!),
          // A timestep for each row.
          t: integers(inputs.t!),
          ...(inputs.text ? { encoder_hidden_states: floats(inputs.text) } : { class: integers(inputs.class!) }),
        },
        reference: outputs['logits.f64']!,
        valuesOf: asIs,
      }
    case 'decoder':
      return {
        path: 'vqvae/decoder.onnx',
        output: 'rgba',
        inputs: { codes: integers(inputs.codes!) },
        reference: outputs['sample.f64'] ?? outputs['image.f64']!,
        // The authors' code gives the image after its clamp, in 0 … 1.
        valuesOf: outputs['sample.f64'] ? asIs : clamped,
      }
    case 'encoder':
      return {
        path: 'vqvae/encoder.onnx',
        output: 'codes',
        inputs: { rgba: inputs.sample ? floats(inputs.sample) : fromBytes(inputs.picture_0_255!) },
        reference: outputs.codes!,
        valuesOf: asIs,
      }
  }
}

const integers = ({ data, shape }: GoldenArray) => ({ data: Int32Array.from(data), dims: shape })
const floats = ({ data, shape }: GoldenArray) => ({ data: Float32Array.from(data), dims: shape })

const fromBytes = ({ data, shape }: GoldenArray) => ({
  data: Float32Array.from(data, (value) => value / 127.5 - 1),
  dims: shape,
})

const clamped = (values: ArrayLike<number>) =>
  Float32Array.from(values, (value) => Math.min(1, Math.max(0, (value + 1) / 2)))

/** The largest difference; NaN and another number of values differ by Infinity. */
export function largestError(values: ArrayLike<number>, { data }: GoldenArray): number {
  if (values.length !== data.length) return Infinity
  return Array.from(data).reduce((largest, value, i) => {
    const error = Math.abs(value - values[i]!)
    return error >= 0 ? Math.max(largest, error) : Infinity
  }, 0)
}
