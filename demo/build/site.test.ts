import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { withSite } from './site'

const html = readFileSync(new URL('../index.html', import.meta.url), 'utf8')
const imageOf = (page: string) => page.match(/property="og:image" content="([^"]*)"/)![1]

describe('withSite', () => {
  it('links what a published page has, and gives the picture of a link an absolute address', () => {
    for (const address of ['https://example.org/studio', 'https://example.org/studio/']) {
      const page = withSite(html, { address, repository: 'https://example.org/code' })
      expect(imageOf(page)).toBe('https://example.org/studio/social.png')
      expect(page).toContain('href="./docs/">Documentation</a>')
      expect(page).toContain('href="https://example.org/code">Source</a>')
    }
  })

  it('links nothing that is not there', () => {
    const page = withSite(html, { address: undefined, repository: undefined })
    expect(imageOf(page)).toBe('./social.png')
    expect(page).not.toMatch(/Documentation|Source|<!-- more/)
  })
})
