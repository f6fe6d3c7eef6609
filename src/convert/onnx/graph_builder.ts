import type { Attribute, InterfaceTensor, OnnxGraph, OnnxNode, TensorSpec } from './model'

/** Constants whose contents come from the same weights: made together, when the writer asks for them. */
export interface ConstantGroup {
  readonly tensors: readonly TensorSpec[]
  /** The contents, in the order of `tensors`. */
  make(): Promise<readonly ArrayBufferView[]>
}

/**
 * A graph that grows node by node. No weight is read while it grows: their sizes are known before anything is written, and
 * the writer holds one group of them at a time.
 */
export class GraphBuilder implements OnnxGraph {
  readonly nodes: OnnxNode[] = []
  readonly groups: ConstantGroup[] = []
  readonly inputs: InterfaceTensor[] = []
  readonly outputs: InterfaceTensor[] = []
  readonly #names = new Set<string>()

  constructor(readonly name: string) {}

  get constants(): readonly TensorSpec[] {
    return this.groups.flatMap(({ tensors }) => tensors)
  }

  /** @returns the name */
  input(spec: InterfaceTensor): string {
    this.inputs.push(spec)
    return spec.name
  }

  /** Appends a node. @returns the name of its output; a name is made up unless one is given */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output: string = `${operator}_${this.nodes.length}`,
  ): string {
    this.nodes.push({ operator, inputs, output, attributes })
    return output
  }

  /** Adds constants, unless they are there by their names. @returns their names */
  addConstants(tensors: readonly TensorSpec[], make: ConstantGroup['make']): string[] {
    if (!tensors.every(({ name }) => this.#names.has(name))) {
      this.groups.push({ tensors, make })
      for (const { name } of tensors) this.#names.add(name)
    }
    return tensors.map(({ name }) => name)
  }

  /** Axis sizes, axes and the like, int64. */
  integers(...values: readonly number[]): string {
    const spec: TensorSpec = { name: `integers_${values.join('_')}`, dataType: 'int64', dims: [values.length] }
    return this.addConstants([spec], async () => [BigInt64Array.from(values, BigInt)])[0]!
  }
}
