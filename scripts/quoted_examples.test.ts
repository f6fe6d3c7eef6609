import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const firstPicture = ['examples/vite/index.html', 'examples/vite/main.ts']

it.each([
  ...[...firstPicture, 'examples/minimal/index.html'].map((example) => ['README.md', example] as const),
  ...['minimal/index.html', 'node/main.js', 'deno/main.js'].map(
    (example) => ['docs/getting-started.md', `examples/${example}`] as const,
  ),
])('%s quotes %s', (page, example) => {
  const language = example.split('.').at(-1)
  expect(text(page)).toContain(`\`\`\`${language}\n${text(example)}\`\`\``)
})

it('a picture takes at most fifteen lines', () => {
  expect(firstPicture.map(text).join('').trim().split('\n').length).toBeLessThanOrEqual(15)
})
