import type { Problem } from '../peer'
import { OnnxGraph, type Value } from './onnx_graph'
import type { Race } from './race'

/** What the graph of a step is made for. */
export interface StepShape extends Pick<Problem, 'batchSize' | 'numVecClasses' | 'numLatentPixels' | 'layout'> {
  readonly logits: 'float32' | 'float16'
  readonly guidanceScale: number | undefined
  readonly truncationRate: number
  /** Transposes class-major logits first; noise is then pixel-major. */
  readonly transpose: boolean
}

/** The step as an ONNX graph, in the race form of race.ts. */
export interface StepGraph {
  readonly model: Uint8Array
  /** Nodes that are faster on the CPU than on the WebGPU provider, though it has some of them. */
  readonly cpuNodes: readonly string[]
}

/** Writes the graph; its inputs are conditional, unconditional (if guided), noise, mask_noise (if raced) and x_t. */
export function stepGraph(shape: StepShape, race: Race | null): StepGraph {
  const step = new Step(shape)
  step.write(race)
  return { model: step.graph.encode(), cpuNodes: step.cpuNodes }
}

class Step {
  readonly graph = new OnnxGraph()
  readonly cpuNodes: string[] = []
  /** Of logits as given, of everything else per class, and of what there is once a column. */
  readonly #given: readonly number[]
  readonly #full: readonly number[]
  readonly #column: readonly number[]
  readonly #pixelMajor: boolean
  readonly #classes: Value
  /** Index of class 0 of a column among all elements, and the distance of two classes. */
  readonly #base: Value
  readonly #stride: number

  constructor(private readonly shape: StepShape) {
    const { batchSize: B, numVecClasses, numLatentPixels: N, layout, transpose } = shape
    const K = numVecClasses - 1
    this.#pixelMajor = layout === 'pixel-major' || transpose
    this.#given = layout === 'pixel-major' ? [B * N, K] : [B, K, N]
    // The classes are axis 1 either way.
    this.#full = this.#pixelMajor ? [B * N, K] : [B, K, N]
    this.#column = this.#pixelMajor ? [B * N, 1] : [B, 1, N]
    this.#stride = this.#pixelMajor ? 1 : N
    const base = (token: number) => (this.#pixelMajor ? token * K : Math.floor(token / N) * K * N + (token % N))
    this.#base = this.graph.int32(
      Int32Array.from({ length: B * N }, (_, token) => base(token)),
      this.#column,
    )
    this.#classes = this.graph.int32(
      Int32Array.from({ length: K }, (_, k) => k),
      [K],
    )
  }

  write(race: Race | null): void {
    const { graph, shape } = this
    const { batchSize, numLatentPixels, numVecClasses } = shape
    const noise = graph.input('noise', 'float32', this.#full)
    let { mass, total } = this.masses(this.logits())
    if (shape.truncationRate < 1) ({ mass, total } = this.truncated(mass, total))
    const logNoise = graph.op('Log', [noise])
    let drawn: Value
    if (race === null) drawn = this.firstArgMin(graph.op('Div', [mass, logNoise]))
    else {
      const xT = graph.input('x_t', 'int32', this.#column)
      const maskNoise = graph.input('mask_noise', 'float32', this.#column)
      const isMask = graph.op('Equal', [xT, graph.int32(numVecClasses - 1)])
      const ownClass = graph.op('Where', [isMask, graph.int32(0), xT])
      const ownMass = this.at(mass, ownClass)
      const { masked, ordinary } = race
      const shift = this.perToken(isMask, total, ownMass, masked.shift, ordinary.shift, ordinary.shiftByMass)
      const own = this.perToken(isMask, total, ownMass, masked.own, ordinary.own, ordinary.ownByMass)
      const ownLogNoise = graph.op('Where', [isMask, graph.op('Log', [maskNoise]), this.at(logNoise, ownClass)])
      const scores = graph.op('Div', [graph.op('Add', [mass, shift]), logNoise])
      const best = this.firstArgMin(scores)
      const ownWins = graph.op('Less', [graph.op('Div', [own, ownLogNoise]), this.at(scores, best)])
      drawn = graph.op('Where', [ownWins, xT, best])
    }
    const dims = [batchSize, numLatentPixels]
    graph.output(graph.reshape(drawn, dims), 'int32', dims)
  }

  private logits(): Value {
    const { graph, shape } = this
    const read = (name: string) => {
      const value = graph.input(name, shape.logits, this.#given)
      return shape.logits === 'float16' ? graph.cast(value, 'float32') : value
    }
    let logits = read('conditional')
    if (shape.guidanceScale !== undefined) {
      const unconditional = read('unconditional')
      const direction = graph.op('Sub', [logits, unconditional])
      const scaled = graph.op('Mul', [direction, graph.float(shape.guidanceScale)])
      logits = graph.op('Add', [unconditional, scaled])
    }
    if (!shape.transpose) return logits
    return graph.reshape(graph.op('Transpose', [logits], { perm: [0, 2, 1] }), this.#full)
  }

  /** p up to a factor a column, and its sum: undefined is 1. */
  private masses(logits: Value): { mass: Value; total: Value | undefined } {
    const { graph } = this
    if (this.#pixelMajor) return { mass: graph.op('Softmax', [logits], { axis: 1 }), total: undefined }
    // Softmax of an inner axis transposes twice. The WebGPU provider's ArgMax is several times as fast as its ReduceMax.
    const top = this.at(logits, this.firstArg('ArgMax', logits))
    const mass = graph.op('Exp', [graph.op('Sub', [logits, top])])
    return { mass, total: graph.op('ReduceSum', [mass, graph.int64([1])]) }
  }

  /** Zero beyond the classes that come before the truncation rate is reached: a full sort, since it may be any number. */
  private truncated(mass: Value, total: Value | undefined): { mass: Value; total: Value } {
    const { graph, shape } = this
    const { batchSize, numLatentPixels, numVecClasses, truncationRate } = shape
    const rate = graph.float(truncationRate)
    let limit = total ? graph.op('Mul', [total, rate]) : rate
    let columns = mass
    if (!this.#pixelMajor) {
      // On the CPU, since the sort is there anyway; it is faster along the innermost axis.
      columns = graph.op('Transpose', [mass], { perm: [0, 2, 1] })
      this.cpuNodes.push(columns)
      limit = graph.reshape(limit, [batchSize, numLatentPixels, 1])
    }
    const sorted = graph.ops('TopK', [columns, graph.int64([numVecClasses - 1])], 2)[0]!
    // The WebGPU provider has a CumSum too, which takes a minute at the size of the published models.
    const before = graph.op('CumSum', [sorted, graph.int32(-1)], { exclusive: 1 })
    const keeps = graph.op('Less', [before, limit])
    const kept = graph.op('Where', [keeps, sorted, graph.float(Infinity)])
    const least = graph.op('ReduceMin', [kept], { axes: [-1] })
    this.cpuNodes.push(sorted, before, keeps, kept, least)
    const isLess = graph.op('Less', [mass, graph.reshape(least, this.#column)])
    const truncated = graph.op('Where', [isLess, graph.float(0), mass])
    return { mass: truncated, total: graph.op('ReduceSum', [truncated, graph.int64([1])]) }
  }

  private firstArgMin(values: Value): Value {
    return this.firstArg('ArgMin', values)
  }

  /** As int32: the Gather of int64 indices runs on the GPU, their Cast does not. */
  private firstArg(opType: 'ArgMin' | 'ArgMax', values: Value): Value {
    const { graph } = this
    return graph.op('Gather', [this.#classes, graph.op(opType, [values], { axis: 1 })])
  }

  /** One element of each column. */
  private at(values: Value, classIndex: Value): Value {
    const { graph } = this
    const step = this.#stride === 1 ? classIndex : graph.op('Mul', [classIndex, graph.int32(this.#stride)])
    return graph.op('Gather', [graph.reshape(values, [-1]), graph.op('Add', [step, this.#base])])
  }

  /** masked·S where x_t is the mask, else ordinary·S + byMass·p_j. */
  private perToken(
    isMask: Value,
    total: Value | undefined,
    ownMass: Value,
    masked: number,
    ordinary: number,
    byMass: number,
  ): Value {
    const { graph } = this
    const share = (factor: number) => (total ? graph.op('Mul', [total, graph.float(factor)]) : graph.float(factor))
    const part = graph.op('Mul', [ownMass, graph.float(byMass)])
    return graph.op('Where', [isMask, share(masked), graph.op('Add', [part, share(ordinary)])])
  }
}
