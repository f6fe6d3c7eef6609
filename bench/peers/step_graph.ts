import type { Problem } from './peer'
import { raceOf } from './race'

/** The name of a tensor in the graph. */
export type Value = string

export interface Tensor {
  readonly data: Float32Array | Float16Array | Int32Array
  readonly dims: readonly number[]
}

/** An operator of ONNX; its name is that of its first output. */
export interface Node {
  readonly type: string
  readonly name: Value
  readonly inputs: readonly Value[]
  /** The last input, of int64: a shape, axes or a count. */
  readonly integers?: readonly number[]
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>
}

/** The dense step in the operators of a tensor library. */
export interface StepGraph {
  readonly nodes: readonly Node[]
  readonly constants: Readonly<Record<Value, Tensor>>
  readonly inputs: Readonly<Record<Value, Tensor>>
  /** Drawn tokens, int32 [B, N]. */
  readonly output: Value
  /** Nodes that are faster on the CPU than on onnxruntime-web's WebGPU provider, though it has some of them. */
  readonly cpuNodes: readonly Value[]
}

/**
 * Writes the race of a problem with pixel-major logits as a graph.
 *
 * @param softmax one operator for what otherwise takes several with fewer barriers
 */
export function stepGraph(problem: Problem, { softmax }: { softmax: boolean }): StepGraph {
  const { B, C, N, dtype, sample, previousTimestep, truncationRate, guidanceScale } = problem
  const K = C - 1
  const full = [B * N, K]
  const column = [B * N, 1]
  const nodes: Node[] = []
  const constants: Record<Value, Tensor> = {}
  const inputs: Record<Value, Tensor> = {}
  const cpuNodes: Value[] = []

  const node = (type: string, values: Value[], options: Pick<Node, 'integers' | 'attributes'> = {}) => {
    const name = `${type}_${nodes.length}`
    nodes.push({ type, name, inputs: values, ...options })
    return name
  }
  const op = (type: string, ...values: Value[]) => node(type, values)
  const input = (name: string, data: Tensor['data'], dims: readonly number[]) => {
    inputs[name] = { data, dims }
    return name
  }
  const constant = (data: Tensor['data'], dims: readonly number[] = []) => {
    const name = `constant_${Object.keys(constants).length}`
    constants[name] = { data, dims }
    return name
  }
  const float = (value: number) => constant(Float32Array.of(value))
  const int = (value: number) => constant(Int32Array.of(value))
  const sum = (value: Value) => node('ReduceSum', [value], { integers: [1] })
  const classes = constant(
    Int32Array.from({ length: K }, (_, k) => k),
    [K],
  )
  // As int32: onnxruntime-web's Gather of int64 indices runs on the GPU, their Cast does not.
  const first = (extreme: 'ArgMin' | 'ArgMax', value: Value) =>
    op('Gather', classes, node(extreme, [value], { attributes: { axis: 1 } }))
  const base = constant(
    Int32Array.from(sample, (_, token) => token * K),
    column,
  )
  const at = (values: Value, k: Value) =>
    op('Gather', node('Reshape', [values], { integers: [-1] }), op('Add', k, base))
  const logitsOf = (name: string, values: Float32Array) => {
    if (dtype === 'f32') return input(name, values, full)
    return node('Cast', [input(name, new Float16Array(values), full)], { attributes: { to: 1 } })
  }

  let logits = logitsOf('conditional', problem.conditional)
  if (problem.unconditional) {
    const without = logitsOf('unconditional', problem.unconditional)
    logits = op('Add', without, op('Mul', op('Sub', logits, without), float(guidanceScale)))
  }
  // p up to a factor per column, and its sum S: undefined is 1.
  let mass: Value
  let total: Value | undefined
  if (softmax) mass = node('Softmax', [logits], { attributes: { axis: 1 } })
  else {
    mass = op('Exp', op('Sub', logits, at(logits, first('ArgMax', logits))))
    total = sum(mass)
  }
  const ofTotal = (factor: number) => (total ? op('Mul', total, float(factor)) : float(factor))
  if (truncationRate < 1) {
    // A full sort, since any number of classes may remain.
    const sorted = node('TopK', [mass], { integers: [K] })
    // The WebGPU provider has a CumSum too, which takes a minute at the size of the published models.
    const before = node('CumSum', [sorted], { integers: [-1], attributes: { exclusive: 1 } })
    const keeps = op('Less', before, ofTotal(truncationRate))
    const kept = op('Where', keeps, sorted, float(1))
    const least = node('ReduceMin', [kept], { attributes: { axes: [-1] } })
    cpuNodes.push(sorted, before, keeps, kept, least)
    mass = op('Where', op('Less', mass, node('Reshape', [least], { integers: column })), float(0), mass)
    total = sum(mass)
  }

  // Uniforms stay on the device, so that the time leaves out their making. 0 and 1 are avoided, which is what the
  // reference's 1e-30 is for. The mask has a row of its own.
  const uniforms = problem.noise.map((uniform) => Math.min(Math.max(uniform, 1e-30), 1 - 2 ** -24))
  const rows = previousTimestep === -1 ? K : C
  const ofClasses = uniforms.filter((_, i) => i % rows < K)
  const logNoise = op('Log', input('noise', ofClasses, full))
  const race = raceOf(problem)
  if (!race) {
    const best = first('ArgMin', op('Div', mass, logNoise))
    return { nodes, constants, inputs, output: node('Reshape', [best], { integers: [B, N] }), cpuNodes }
  }
  const xT = input('x_t', new Int32Array(sample), column)
  const isMask = op('Equal', xT, int(K))
  const ownClass = op('Where', isMask, int(0), xT)
  const ownMass = at(mass, ownClass)
  const perToken = (masked: number, ordinary: number, byMass: number) =>
    op('Where', isMask, ofTotal(masked), op('Add', op('Mul', ownMass, float(byMass)), ofTotal(ordinary)))
  const { masked, ordinary } = race
  const shift = perToken(masked.shift, ordinary.shift, ordinary.shiftByMass)
  const own = perToken(masked.own, ordinary.own, ordinary.ownByMass)
  const ofMask = uniforms.filter((_, i) => i % rows === K)
  const maskNoise = op('Log', input('mask_noise', ofMask, column))
  const ownScore = op('Div', own, op('Where', isMask, maskNoise, at(logNoise, ownClass)))
  const scores = op('Div', op('Add', mass, shift), logNoise)
  const best = first('ArgMin', scores)
  const drawn = op('Where', op('Less', ownScore, at(scores, best)), xT, best)
  return { nodes, constants, inputs, output: node('Reshape', [drawn], { integers: [B, N] }), cpuNodes }
}
