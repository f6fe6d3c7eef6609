import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { programsOf } from './markdown.mjs'

const root = new URL('../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const programs = programsOf(readme)

it('the programs of the README compile', () => {
  expect(programs.length).toBeGreaterThan(0)
  const folder = new URL('node_modules/.cache/readme/', root)
  mkdirSync(folder, { recursive: true })
  try {
    for (const [i, program] of programs.entries()) writeFileSync(new URL(`program${i}.ts`, folder), program)
    writeFileSync(
      new URL('tsconfig.json', folder),
      JSON.stringify({
        extends: fileURLToPath(new URL('tsconfig.json', root)),
        include: ['*.ts', fileURLToPath(new URL('src/*.d.ts', root))],
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

const own = ['vite/index.html', 'vite/main.ts']
const example = (file: string) => readFileSync(new URL(`examples/${file}`, root), 'utf8')

it.each([...own, 'minimal/index.html'])('the README quotes examples/%s', (file) => {
  const language = file.split('.').at(-1)
  expect(readme).toContain(`\`\`\`${language}\n${example(file)}\`\`\``)
})

it('a picture takes at most fifteen lines', () => {
  expect(own.map(example).join('').trim().split('\n').length).toBeLessThanOrEqual(15)
})
