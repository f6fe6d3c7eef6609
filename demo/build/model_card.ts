import { readFile } from 'node:fs/promises'
import { marked } from 'marked'
import type { Plugin } from 'vite'

const PLACE = '<!-- the model card -->'

/**
 * A Vite plugin: puts the model card into the page that has a place for it. As a file of its own it stays Markdown, which
 * browsers show raw, and with broken characters where a host does not say that it is UTF-8.
 *
 * @param path of the Markdown file on disk
 */
export function modelCard(path: string): Plugin {
  return {
    name: 'model-card',
    transformIndexHtml: {
      order: 'pre',
      async handler(html) {
        if (!html.includes(PLACE)) return html
        const card = toHtml(await readFile(path, 'utf8'))
        return html.replace(PLACE, () => card)
      },
    },
  }
}

/** Tables may be wider than a phone: each scrolls in a region of its own, also by keyboard. */
export function toHtml(markdown: string): string {
  return marked
    .parse(markdown, { async: false })
    .replaceAll('<table>', '<div class="wide" role="group" aria-label="Table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>')
}
