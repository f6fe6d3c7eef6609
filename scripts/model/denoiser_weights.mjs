import onnxProto from 'onnx-proto'
import { tensorsOf } from './tensor.mjs'
import { timeTable } from './time_table.mjs'

/**
 * A matrix [in, out] in int8 with a scale for each column, and a bias.
 * @typedef {{ name: string, matrix: Tensor, scale: Tensor, bias: Tensor }} Linear
 *
 * A table of vectors in int8 with a scale for each column.
 * @typedef {{ name: string, rows: Tensor, scale: Tensor }} Table
 *
 * @typedef {import('./tensor.mjs').Tensor} Tensor
 */

/**
 * The weights of the emoji denoiser by their roles, from the file that PyTorch's exporter wrote.
 *
 * @param {Uint8Array} file the content of the .onnx file
 */
export function denoiserWeights(file) {
  const tensors = tensorsOf(onnxProto.onnx.ModelProto.decode(file).graph)
  const tensor = (name) => {
    const found = tensors.get(name)
    if (!found) throw new Error(`The denoiser needs a tensor ${name}; given {${[...tensors.keys()].join(', ')}}.`)
    return found
  }
  const vector = (name) => ({ dims: [tensor(name).values.length], values: tensor(name).values })
  const table = (name) => ({ name, rows: tensor(`${name}_q`), scale: vector(`${name}_scale`) })
  // The exporter numbers the matrices in the order in which the network multiplies by them.
  const matrices = [...tensors.keys()]
    .filter((name) => /^onnx::MatMul_\d+_q$/.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const linear = (name, bias = `${name}.bias`) => {
    const { rows, scale } = table(`${matrices.shift()}`.slice(0, -'_q'.length))
    return { name, matrix: rows, scale, bias: vector(bias) }
  }
  const block = (name) => ({
    name,
    modulation: tensor(`${name}.mod`),
    queryGain: vector(`${name}.qn`),
    keyGain: vector(`${name}.kn`),
    queriesKeysValues: linear(`${name}.qkv`),
    attentionOutput: linear(`${name}.o`),
    feedForwardInput: linear(`${name}.f1`),
    feedForwardOutput: linear(`${name}.f2`),
  })
  const numBlocks = [...tensors.keys()].filter((name) => name.endsWith('.mod')).length
  return {
    tokens: table('tok.weight'),
    pixels: table('pos'),
    words: table('word.weight'),
    wordPlaces: table('tpos'),
    time: timeTable({
      frequencies: tensor('onnx::Mul_947'),
      hidden: { ...table('t1.weight'), bias: tensor('t1.bias') },
      output: { ...table('t2.weight'), bias: tensor('t2.bias') },
      numTimesteps: 100,
      parts: 6,
    }),
    blocks: Array.from({ length: numBlocks }, (_, i) => block(`blocks.${i}`)),
    gain: vector('onnx::Mul_1017'),
    shift: vector('onnx::Add_1018'),
    head: linear('head', 'head.bias_h'),
  }
}
