const isDirective = (line: string) => line.startsWith('//#')
const words = (text: string) => text.match(/\b[A-Za-z_]\w*/g) ?? []

/**
 * Makes shaders small: comments and blanks go, and every name that they declare becomes a short one, the same in all of
 * them since they include each other. The entry point, the overrides (the host sets them by name), swizzles and the
 * names of features stay, and so do directives.
 */
export function minifyWgsl(sources: readonly string[]): string[] {
  const marked = sources.map((source) => markMembers(source.replace(/\/\/(?!#).*$/gm, '')))
  const global = globalNames(marked.join('\n'))
  const stripped = marked.map((source) => strip(numberLocals(source, global)))
  const short = shortNames(stripped.join('\n'))
  return stripped.map((source) =>
    source
      .split('\n')
      .map((line) => (isDirective(line) ? line.slice(2) : squeeze(rename(line, short))))
      .join('\n')
      // A directive keeps its line.
      .replace(/([;,(){}|&+])\n(?!#)/g, '$1')
      .replace(/,([)}])/g, '$1'),
  )
}

/** Members of structs have names of their own: what else has the same name can have another one. */
function markMembers(source: string): string {
  return source
    .replace(/^struct [^}]*}/gm, (text) => text.replace(/\b(\w+):/g, 'member_$1:'))
    .replace(/^(?!\/\/#).*$/gm, (line) =>
      line.replace(/\.([A-Za-z_]\w*)/g, (member, name) => (isSwizzle(name) ? member : `.member_${name}`)),
    )
}

function isSwizzle(name: string): boolean {
  return /^[xyzwrgba]{1,4}$/.test(name)
}

function strip(source: string): string {
  return source.replace(/^\s+|[ \t]+$/gm, '').trim()
}

/** Names that mean the same everywhere: what stands at the beginning of a line, and members of structs. */
function globalNames(code: string): Set<string> {
  const structs = [...code.matchAll(/^struct [^}]*}/gm)].join('\n')
  const found = [/^(?:fn|const|override|struct|alias) (\w+)/gm, /var<[^>]*> (\w+)/g, /\.(\w+)/g].map((pattern) =>
    [...code.matchAll(pattern)].map(([, name]) => name!),
  )
  return new Set([...found.flat(), ...words(structs)])
}

/** Functions call their own variables and parameters alike, in order of appearance: few names, often repeated. */
function numberLocals(source: string, global: ReadonlySet<string>): string {
  return source.replace(/^fn [\s\S]*?^}/gm, (text) => {
    const declared = [...text.matchAll(/\b(?:let|var|const) (\w+)|\b([A-Za-z_]\w*):/g)].map(([, a, b]) => a ?? b!)
    const locals = [...new Set(declared)].filter((name) => !global.has(name) && name !== 'default')
    return rename(text, new Map(locals.map((name, i) => [name, `local_${i}`])))
  })
}

/** Attributes and the values that they name are WGSL's own. */
function rename(line: string, short: ReadonlyMap<string, string>): string {
  return line.replace(/@builtin\(\w+\)|@\w+|\b[A-Za-z_]\w*/g, (word) => short.get(word) ?? word)
}

function squeeze(line: string): string {
  return (
    line
      .replace(/\s*([{}()[\]<>=+\-*/,;:&|^!~%])\s*/g, '$1')
      // Beside another operand, and as an index, a literal has a type without saying so.
      .replace(/(?<=[+\-*/%&|^<>[]|[<>=!]=)(\d+|0x[\da-f]+)u\b/g, '$1')
      .replace(/\b(\d+)\.0\b/g, '$1.')
  )
}

function shortNames(text: string): Map<string, string> {
  const code = text
    .split('\n')
    .filter((line) => !isDirective(line))
    .join('\n')
  // What is made of other overrides is nobody's to set.
  const overrides = new Set([...code.matchAll(/override (\w+): \w+(?: = \w+)?;/g)].map(([, name]) => name))
  const declared = new Set(
    [...code.matchAll(/\b(?:fn|let|var(?:<[^>]*>)?|const|struct) (\w+)|\b([A-Za-z_]\w*):/g)].map(
      (found) => found[1] ?? found[2]!,
    ),
  )
  const keeps = (name: string) => name === 'main' || name === 'default' || isSwizzle(name) || overrides.has(name)
  const uses = new Map<string, number>()
  for (const word of words(code)) if (declared.has(word) && !keeps(word)) uses.set(word, (uses.get(word) ?? 0) + 1)
  // The most frequent name gets the shortest; none that stays in the text, nor a keyword of two letters.
  const staying = words(text.replace(/\.\w+/g, '')).filter((word) => !uses.has(word))
  const taken = new Set([...staying, 'as', 'do', 'fn', 'if', 'in', 'is', 'of', 'or'])
  const short = new Map<string, string>()
  const shorten = (names: [string, number][]) => {
    const candidates = generateNames()
    for (const [name] of names.sort((a, b) => b[1] - a[1])) {
      let candidate = candidates.next().value!
      while (taken.has(candidate)) candidate = candidates.next().value!
      short.set(name, candidate)
    }
  }
  const isMember = (name: string) => name.startsWith('member_')
  shorten([...uses].filter(([name]) => isMember(name)))
  shorten([...uses].filter(([name]) => !isMember(name)))
  return short
}

function* generateNames(): Generator<string, never> {
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ']
  for (let prefixes = ['']; ; prefixes = prefixes.flatMap((prefix) => letters.map((letter) => prefix + letter)))
    for (const prefix of prefixes) for (const letter of letters) yield prefix + letter
}
