import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = new URL('../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
/** Those of the README that continue each other; the last, step by step, is for any network. */
const examples = [...readme.matchAll(/(?<=```ts\n)[\s\S]*?(?=```)/g)].map(([text]) => text).slice(0, -1)
const [example = ''] = examples

it('the examples of the README compile, one after another', () => {
  expect(examples).toHaveLength(3)
  const folder = new URL('node_modules/.cache/readme/', root)
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(new URL('example.ts', folder), examples.join('\n'))
    writeFileSync(
      new URL('tsconfig.json', folder),
      JSON.stringify({
        extends: fileURLToPath(new URL('tsconfig.json', root)),
        include: ['example.ts', fileURLToPath(new URL('src/*.d.ts', root))],
      }),
    )
    const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root))
    const { status, stdout } = spawnSync(process.execPath, [tsc, '--noEmit', '-p', fileURLToPath(folder)], {
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('the first example has about fifteen lines', () => {
  const lines = example.split('\n').filter((line) => line.trim() !== '')
  expect(lines.length).toBeLessThanOrEqual(15)
})
