import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { MarkdownIt } from './markdown_it'

/** Writes the SVG pictures of docs/pictures into the page, so that they follow the site's switch of light and dark. */
export function pictures(md: MarkdownIt): void {
  const image = md.renderer.rules.image!
  md.renderer.rules.image = (tokens, index, options, env, self) => {
    const token = tokens[index]!
    const source = token.attrGet('src')!
    if (!source.startsWith('pictures/')) return image(tokens, index, options, env, self)
    const svg = readFileSync(resolve(dirname(env.path), source), 'utf8').replace(/<style>[\s\S]*?<\/style>\s*/, '')
    return svg.replace('<svg ', `<svg v-pre role="img" aria-label="${md.utils.escapeHtml(token.content)}" `)
  }
}
