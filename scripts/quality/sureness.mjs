import { writeFileSync } from 'node:fs'
import { createDenoiser, createTokenizer, maskClass, numCodes, numLatentPixels } from './networks.mjs'

const batch = 8
/** Of masks only, where every chain begins. */
const timestep = 99
/** The style in which a name is asked for: the first of these in which it was drawn, else any. */
const styles = ['noto', '3d', 'twemoji', 'flat']

/**
 * Writes how surely the model draws each name, 0 … 1: the mean probability of the most probable code over all pixels, as the
 * network predicts them from nothing but masks and the name (docs/quality.md#sureness).
 *
 * @param {string} path of the JSON file: a number by name, the surest first
 * @param {readonly { name: string, style: string, toned: boolean }[]} drawings
 */
export async function writeSureness(path, drawings) {
  const stylesByName = new Map()
  for (const { name, style, toned } of drawings)
    if (!toned) stylesByName.set(name, (stylesByName.get(name) ?? new Set()).add(style))
  const items = [...stylesByName].map(([name, drawn]) => ({
    name,
    style: styles.find((style) => drawn.has(style)) ?? [...drawn][0],
  }))
  const denoise = await createDenoiser()
  const tokenizer = createTokenizer()
  const sureness = []
  for (let first = 0; first < items.length; first += batch) {
    const some = items.slice(first, first + batch)
    const ids = some.map(({ name, style }) => tokenizer.encode(name, { style }).ids)
    const masks = new Int32Array(some.length * numLatentPixels).fill(maskClass)
    const timesteps = new Int32Array(some.length).fill(timestep)
    const logits = await denoise(masks, timesteps, Int32Array.from(ids.flatMap((item) => [...item])))
    const size = numLatentPixels * numCodes
    for (const [i, { name }] of some.entries())
      sureness.push([name, meanTopProbability(logits.subarray(i * size, (i + 1) * size))])
    process.stderr.write(`${first + some.length} of ${items.length} names\n`)
  }
  sureness.sort(([, a], [, b]) => b - a)
  const lines = sureness.map(([name, value]) => `  ${JSON.stringify(name)}: ${value.toFixed(3)}`)
  writeFileSync(path, `{\n${lines.join(',\n')}\n}\n`)
}

function meanTopProbability(logits) {
  let sum = 0
  for (let pixel = 0; pixel < numLatentPixels; pixel++) {
    const column = logits.subarray(pixel * numCodes, (pixel + 1) * numCodes)
    const highest = column.reduce((a, b) => Math.max(a, b))
    sum += 1 / column.reduce((total, logit) => total + Math.exp(logit - highest), 0)
  }
  return sum / numLatentPixels
}
