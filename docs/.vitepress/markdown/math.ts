import katex from 'katex'
import type { MarkdownIt } from './markdown_it'

/** Renders ```math blocks, as git hosts do, with KaTeX at build time. A formula that KaTeX does not know fails the build. */
export function math(md: MarkdownIt): void {
  const fence = md.renderer.rules.fence!
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index]!
    if (info.trim() !== 'math') return fence(tokens, index, ...rest)
    const html = katex.renderToString(content, { displayMode: true, strict: 'error', trust: false })
    // A tabindex lets the keyboard scroll a formula that is wider than the page.
    return `<div class="formula" tabindex="0" v-pre>${html}</div>\n`
  }
}
