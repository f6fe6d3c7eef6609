import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { toHtml } from './model_card'

it('converts headings, links and tables, and leaves no Markdown', () => {
  const card = readFileSync(
    new URL('../../packages/vq-diffusion-emoji/emoji-16x16/MODEL_CARD.md', import.meta.url),
    'utf8',
  )
  const html = toHtml(card)
  expect(html).toMatch(/^<h1>emoji-16x16: a small text-to-image VQ-Diffusion model<\/h1>/)
  expect(html).toContain('<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>')
  expect(html.match(/<div class="wide"[^>]*><table>/g)).toHaveLength(card.match(/^\| --- /gm)!.length)
  expect(html).not.toMatch(/^(\||#|```)|\*\*|\]\(/m)
})
