import { createRequire } from 'node:module'
import { join } from 'node:path'

const entries = ['index', 'cpu', 'onnx', 'shaders']

/**
 * Checks that users can import every type that a public signature names: from any entry, and those of the CPU entry from itself,
 * since the declarations of the others need WebGPU types.
 *
 * @param {string} folder where the package is installed
 * @returns {string[]} what is wrong
 */
export function checkExportedTypes(folder) {
  const ts = createRequire(join(folder, 'package.json'))('typescript-6')
  const declarations = join(folder, 'node_modules/vq-diffusion-webgpu/dist/lib/src/')
  const program = ts.createProgram(
    entries.map((entry) => join(declarations, `${entry}.d.ts`)),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      types: [],
    },
  )
  const checker = program.getTypeChecker()
  const declared = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
  const exportsOf = (entry) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(declarations, `${entry}.d.ts`)))
    return checker.getExportsOfModule(module).map(declared)
  }
  const everywhere = new Set(entries.flatMap(exportsOf))

  /** The type of this package that a node names. */
  const namedType = (node) => {
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : ts.isImportTypeNode(node)
          ? node.qualifier
          : undefined
    const symbol = name && checker.getSymbolAtLocation(name)
    const type = symbol && declared(symbol)
    const isType = type && type.flags & ts.SymbolFlags.Type & ~ts.SymbolFlags.TypeParameter
    return isType && type.declarations?.[0]?.getSourceFile().fileName.startsWith(declarations) ? type : undefined
  }

  const wrong = new Set()
  for (const entry of entries) {
    const importable = entry === 'cpu' ? new Set(exportsOf(entry)) : everywhere
    const visit = (node, owner) => {
      if (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword))
        return
      const type = namedType(node)
      if (type && !importable.has(type)) wrong.add(`${entry}: ${owner} names ${type.name}, which is not exported.`)
      ts.forEachChild(node, (child) => visit(child, owner))
    }
    for (const symbol of exportsOf(entry)) for (const node of symbol.declarations) visit(node, symbol.name)
  }
  return [...wrong]
}
