import type { MarkdownOptions } from 'vitepress'

/** The Markdown renderer that VitePress hands to `markdown.config`. */
export type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0]
