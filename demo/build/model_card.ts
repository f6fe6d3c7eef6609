import { readFile } from 'node:fs/promises'
import { marked } from 'marked'
import type { Plugin } from 'vite'

const PLACEHOLDER = '<!-- the model card -->'

/**
 * Vite plugin: replaces the placeholder in a page by the model card. Browsers show a Markdown file as plain text, and with
 * broken characters if the host does not send its encoding.
 *
 * @param path of the Markdown file on disk
 */
export function modelCard(path: string): Plugin {
  return {
    name: 'model-card',
    transformIndexHtml: {
      order: 'pre',
      async handler(html) {
        if (!html.includes(PLACEHOLDER)) return html
        const card = toHtml(await readFile(path, 'utf8'))
        return html.replace(PLACEHOLDER, () => card)
      },
    },
  }
}

/** Markdown as HTML. Each table scrolls in its own region, also by keyboard, because tables may be wider than a phone. */
export function toHtml(markdown: string): string {
  return marked
    .parse(markdown, { async: false })
    .replaceAll('<table>', '<div class="wide" role="group" aria-label="Table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>')
}
