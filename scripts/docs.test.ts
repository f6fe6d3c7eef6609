import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { relativeTargets, withoutFences } from './markdown.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Files of the repository: those that git tracks, and new ones that it does not ignore. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))

/** The text files among them. Like git, this takes a file with a zero byte near its beginning as binary. */
const texts = new Map(
  files.flatMap((file) => {
    const content = readFileSync(join(root, file))
    return content.subarray(0, 8000).includes(0) ? [] : [[file, content.toString('utf8')] as const]
  }),
)
const markdownFiles = [...texts.keys()].filter((file) => file.endsWith('.md'))
const math = texts.get('docs/MATH.md')!

/** Ids that are written out as HTML. */
function writtenIds(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/<[^>]*\sid="([^"]+)"/g)].map(([, id]) => id!)
}

/** All anchors that GitHub gives a file: written ids, and a slug for each heading, numbered if it repeats. */
function anchors(markdown: string): Set<string> {
  const seen = new Map<string, number>()
  const slugs = [...withoutFences(markdown).matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading]) => {
    const label = heading!.replace(/<[^>]*>/g, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = label
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    const repeats = seen.get(slug) ?? 0
    seen.set(slug, repeats + 1)
    return repeats === 0 ? slug : `${slug}-${repeats}`
  })
  return new Set([...slugs, ...writtenIds(markdown)])
}

/** Rows of the table that maps equations to code, as cells. */
const mapRows = math
  .slice(math.indexOf('<a id="map"></a>'))
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) => line.split('|').slice(1, -1))

it('every mention of an anchor of MATH.md has that anchor', () => {
  const known = anchors(math)
  const dangling = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/MATH\.md#([\w-]+)/g)]
      .filter(([, id]) => !known.has(id!))
      .map(([mention]) => `${file}: ${mention}`),
  )
  expect(dangling).toEqual([])
})

it('every relative link of a Markdown file leads to a file and an anchor that exist', () => {
  const dangling = markdownFiles.flatMap((file) =>
    relativeTargets(texts.get(file)!)
      .filter((target) => {
        const [path = '', anchor] = decodeURIComponent(target).split('#')
        const linked = path === '' ? file : join(dirname(file), path)
        if (!existsSync(join(root, linked))) return true
        return anchor !== undefined && linked.endsWith('.md') && !anchors(texts.get(linked)!).has(anchor)
      })
      .map((target) => `${file}: ${target}`),
  )
  expect(dangling).toEqual([])
})

it('every npm script that a document or a workflow names exists', () => {
  const { scripts } = JSON.parse(texts.get('package.json')!)
  const instructions = [...texts].filter(([file]) => /\.(md|yml)$|^\.ci\//.test(file) && !file.startsWith('examples/'))
  const named = instructions.flatMap(([file, text]) =>
    [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name]) => [file, name!] as const),
  )
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter(([, name]) => !(name in scripts))).toEqual([])
})

it('no file outside docs refers to the document that MATH.md replaces', () => {
  const mentions = [...texts].filter(([file, text]) => !file.startsWith('docs/') && /SEMANTIC[S]/.test(text))
  expect(mentions.map(([file]) => file)).toEqual([])
})

it('the example of SHADERS.md is the one that a test runs', () => {
  const [example] = texts.get('docs/SHADERS.md')!.match(/(?<=```ts\n)[\s\S]*?(?=```)/)!
  expect(example).toBe(texts.get('test/kernels/look_up.ts'))
})

it('the map of MATH.md names files and what they contain', () => {
  const links = mapRows.flatMap((cells) => [...cells.join('|').matchAll(/\[`([^`]+)`\]\(([^)]+)\)/g)])
  expect(links.length).toBeGreaterThan(0)
  const wrong = links
    .filter(([, name, target]) => {
      const file = join('docs', target!)
      if (name!.includes('.')) return !texts.has(file) || !`/${file}`.endsWith(`/${name}`)
      return !new RegExp(`\\b${name}\\b`).test(texts.get(file) ?? '')
    })
    .map(([, name, target]) => `${name} in ${target}`)
  expect(wrong).toEqual([])
})

it('the map of MATH.md names operations of the golden cases', () => {
  const { cases }: { cases: { op: string }[] } = JSON.parse(texts.get('test/fixtures/fixtures.json')!)
  const known = new Set(cases.map(({ op }) => op))
  const named = mapRows.flatMap((cells) => [
    ...cells
      .at(-1)!
      .replace(/\[[^\]]*\]\([^)]*\)/g, '')
      .matchAll(/`([^`]+)`/g),
  ])
  expect(named.length).toBeGreaterThan(0)
  expect(named.map(([, op]) => op!).filter((op) => !known.has(op))).toEqual([])
})

it('the equations of MATH.md are numbered in order, and each has an anchor; no anchor is used twice', () => {
  const numbers = [...math.matchAll(/^\*\*\((\d+)\)\*\*/gm)].map(([, number]) => Number(number))
  const anchored = [...math.matchAll(/^<a id="eq-[a-z0-9-]+"><\/a>\n\*\*\((\d+)\)\*\*/gm)].map(([, number]) =>
    Number(number),
  )
  expect(numbers.length).toBeGreaterThan(0)
  expect(numbers).toEqual(numbers.map((_, i) => i + 1))
  expect(anchored).toEqual(numbers)
  const ids = writtenIds(math)
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
})

it('every path in backticks of FEATURES.md exists', () => {
  const paths = [...texts.get('FEATURES.md')!.matchAll(/`((?:src|test|e2e|demo|bench|scripts)\/[^`]+)`/g)]
  expect(paths.length).toBeGreaterThan(30)
  expect(paths.map(([, path]) => path!).filter((path) => !existsSync(join(root, path)))).toEqual([])
})
