import type { MarkdownIt } from './markdown_it'

interface Node {
  readonly id: string
  /** The first line of its label. */
  readonly title: string
  /** The other lines. */
  readonly text: string
  readonly imports: string[]
}

/**
 * Renders ```mermaid flowcharts, which git hosts draw with lines, as layers of boxes that name what they lead to: a picture
 * that fits a phone and needs no script.
 */
export function flowchart(md: MarkdownIt): void {
  const fence = md.renderer.rules.fence!
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index]!
    if (info.trim() !== 'mermaid') return fence(tokens, index, ...rest)
    const { escapeHtml } = md.utils
    const box = ({ title, text, imports }: Node) =>
      `<li><strong>${escapeHtml(title)}</strong><span>${escapeHtml(text)}</span>${imports.length > 0 ? `<small>→ ${escapeHtml(imports.join(', '))}</small>` : ''}</li>`
    const rows = layers(parse(content)).map((nodes) => `<ul>${nodes.map(box).join('')}</ul>`)
    return `<div class="layers" v-pre>${rows.join('')}</div>\n`
  }
}

function parse(source: string): Node[] {
  const nodes = new Map<string, Node>()
  for (const [, id, label] of source.matchAll(/^\s*(\w+)\["([^"]*)"\]$/gm)) {
    const [title, ...lines] = label!.split('<br>')
    nodes.set(id!, { id: id!, title: title!, text: lines.join(' '), imports: [] })
  }
  for (const [line, from, to] of source.matchAll(/^\s*(\w+) --(?: [^>]* --)?> (\w+)$/gm)) {
    const [node, target] = [nodes.get(from!), nodes.get(to!)]
    if (!node || !target) throw new Error(`The flowchart has no node for ${line.trim()}`)
    node.imports.push(target.id)
  }
  return [...nodes.values()]
}

/** The nodes by their distance from those that lead nowhere, the farthest first. */
function layers(nodes: readonly Node[]): Node[][] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const level = ({ imports }: Node): number => Math.max(0, ...imports.map((id) => 1 + level(byId.get(id)!)))
  const depth = Math.max(...nodes.map(level))
  return Array.from({ length: depth + 1 }, (_, row) => nodes.filter((node) => level(node) === depth - row))
}
