import { join } from 'node:path/posix'
import type { MarkdownIt } from './markdown_it'

/** The anchor that git hosts give a heading, so that a link works there and on the site. */
export function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

/**
 * Links of a page that leave docs/ lead to the repository, or, while it has no address, become plain text.
 *
 * @param repository address of the repository, without a slash at its end
 */
export function repositoryLinks(md: MarkdownIt, repository: string | undefined): void {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const { children } of tokens) {
      let unlinked = false
      for (const token of children ?? []) {
        const target = token.type === 'link_open' ? token.attrGet('href')! : ''
        const path = join('docs', env.relativePath ?? '', '..', target)
        if (target.startsWith('../') && !path.startsWith('docs/')) {
          if (repository) token.attrSet('href', `${repository}/blob/main/${path}`)
          else unlinked = true
        }
        if (unlinked && token.type.startsWith('link_')) {
          unlinked = token.type !== 'link_close'
          Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '', attrs: null })
        }
      }
    }
  })
}

/** Mentions of MATH.md in doc comments become links in the API reference. */
export function mathLinks(md: MarkdownIt): void {
  md.core.ruler.before('normalize', 'math-links', (state) => {
    const path: string = state.env.relativePath ?? ''
    if (!path.startsWith('api/')) return
    const up = '../'.repeat(path.split('/').length - 1)
    state.src = state.src.replace(
      /docs\/MATH\.md#([\w-]+)/g,
      (_, id) => `[MATH.md, ${id.replaceAll('-', ' ')}](${up}MATH.md#${id})`,
    )
  })
}
