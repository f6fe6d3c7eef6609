/**
 * The embedding of every timestep, float32 [T, parts, width]: what the two layers of the network make of the cosines and
 * sines of t at 128 frequencies. The table is smaller than the layers, and there is nothing to compute in a step.
 *
 * @param {{ frequencies: Tensor, hidden: Layer, output: Layer, numTimesteps: number, parts: number }} layers
 * @returns {Tensor}
 *
 * A layer's matrix is [out, in] in int8 with a scale for each column.
 * @typedef {{ rows: Tensor, scale: Tensor, bias: Tensor }} Layer
 * @typedef {import('./tensor.mjs').Tensor} Tensor
 */
export function timeTable({ frequencies, hidden, output, numTimesteps, parts }) {
  const embeddings = Array.from({ length: numTimesteps }, (_, t) => {
    // The network multiplies in float32, so the angles are rounded.
    const angles = Array.from(frequencies.values, (frequency) => Math.fround(t * frequency))
    const waves = [...angles.map(Math.cos), ...angles.map(Math.sin)]
    return apply(output, apply(hidden, waves).map(silu))
  })
  const width = output.bias.values.length / parts
  return { dims: [numTimesteps, parts, width], values: Float32Array.from(embeddings.flat()) }
}

function apply({ rows, scale, bias }, input) {
  const scaled = input.map((value, column) => value * scale.values[column])
  return Array.from(bias.values, (start, row) =>
    scaled.reduce((sum, value, column) => sum + value * rows.values[row * scaled.length + column], start),
  )
}

function silu(x) {
  return x / (1 + Math.exp(-x))
}
