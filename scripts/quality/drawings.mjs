/**
 * The drawings that the model was trained on, rendered from Iconify's packages. Run as a program, this renders those from a
 * given number on: the rasteriser ends the process at a few of them.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, requireTool } from './tools.mjs'

/** Styles of the model by Iconify's set. */
const styles = {
  noto: 'noto',
  'noto-v1': 'blob',
  twemoji: 'twemoji',
  'fluent-emoji': '3d',
  'fluent-emoji-flat': 'flat',
  emojione: 'emojione',
  fxemoji: 'firefox',
}
/** Side of a picture of the model. */
const pictureSide = 128
/** Side at which drawings are compared. */
export const side = 64
const bytes = side * side * 4

const pixelFile = join(cacheFolder, 'drawings.bin')
const listFile = join(cacheFolder, 'drawings.jsonl')

/**
 * @returns {{ drawings: readonly { style: string, name: string, toned: boolean }[], pixels: Uint8Array }} the drawings,
 *   and their pixels [drawings, side, side, RGBA], premultiplied, in shared memory. Drawings that differ in skin tone have
 *   the same name
 */
export function trainingDrawings() {
  if (!existsSync(pixelFile)) renderAll()
  const rendered = linesOf(listFile).map((line) => JSON.parse(line))
  const captions = captionsOf()
  const all = readFileSync(pixelFile)
  const drawings = []
  const pixels = new Uint8Array(new SharedArrayBuffer(all.length))
  for (const [index, { set, icon }] of rendered.filter((line) => line !== null).entries()) {
    const drawing = captions(set, icon)
    if (!drawing) continue
    pixels.set(all.subarray(index * bytes, (index + 1) * bytes), drawings.length * bytes)
    drawings.push({ style: styles[set], ...drawing })
  }
  return { drawings, pixels: pixels.subarray(0, drawings.length * bytes) }
}

/** The caption of an icon, as the model was trained with it; undefined for icons that it was not trained with. */
function captionsOf() {
  const labels = new Set()
  const joined = new Map()
  for (const { label, skins = [] } of requireTool('emojibase-data/en/data.json'))
    for (const words of [label, ...skins.map((skin) => skin.label)]) {
      labels.add(slug(words))
      joined.set(slug(words).replaceAll('-', ''), slug(words))
    }
  return (set, icon) => {
    let name = icon
    if (set.startsWith('fluent'))
      name = name.replace(/-(medium-light|medium-dark|light|medium|dark)$/, '-$1-skin-tone').replace(/-default$/, '')
    if (set === 'fxemoji' && !labels.has(name)) name = joined.get(name)
    if (name === undefined || /medium-(light|dark)/.test(name)) return undefined
    const base = name.replace(/-(light|medium|dark)-skin-tone$/, '')
    return { name: base.replaceAll('-', ' '), toned: base !== name }
  }
}

function slug(words) {
  return words
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]|[’'“”!.]/g, '')
    .replaceAll('&', 'and')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

function* icons() {
  for (const set of Object.keys(styles)) {
    const { icons, width = 16, height = 16, left = 0, top = 0 } = requireTool(`@iconify-json/${set}/icons.json`)
    for (const [icon, own] of Object.entries(icons)) {
      // Country flags, letters and hidden icons were left out.
      if (/^flag-(?!in-hole)|regional-indicator|^[a-z0-9]{1,2}$|-low$/.test(icon) || own.hidden) continue
      yield { set, icon, body: own.body, box: { width, height, left, top, ...own } }
    }
  }
}

/** Renders in processes of their own. At a drawing that ends the process, a null is listed. */
function renderAll() {
  const unfinished = [`${pixelFile}.part`, `${listFile}.part`]
  for (const file of unfinished) rmSync(file, { force: true })
  for (;;) {
    const done = existsSync(unfinished[1]) ? linesOf(unfinished[1]).length : 0
    const args = [fileURLToPath(import.meta.url), String(done), ...unfinished]
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'ignore'] })
    if (status === 0) break
    appendFileSync(unfinished[1], 'null\n')
  }
  renameSync(unfinished[1], listFile)
  renameSync(unfinished[0], pixelFile)
}

function renderFrom(first, pixelPath, listPath) {
  const { Resvg } = requireTool('@resvg/resvg-js')
  const pixelOut = openSync(pixelPath, 'a')
  const listOut = openSync(listPath, 'a')
  let index = 0
  for (const { set, icon, body, box } of icons()) {
    if (index++ < first) continue
    const { left, top, width, height } = box
    const svg =
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
      `viewBox="${left} ${top} ${width} ${height}">${body.replaceAll('currentColor', '#333')}</svg>`
    const mode = width >= height ? 'width' : 'height'
    const image = new Resvg(svg, { fitTo: { mode, value: pictureSide }, font: { loadSystemFonts: false } }).render()
    writeSync(pixelOut, halved(image))
    writeSync(listOut, `${JSON.stringify({ set, icon })}\n`)
  }
  closeSync(pixelOut)
  closeSync(listOut)
}

/** A rendered image, premultiplied, in the middle of the picture, at half its size. */
function halved({ pixels, width, height }) {
  const small = new Uint8Array(bytes)
  const sums = new Float32Array(bytes)
  const [x0, y0] = [(pictureSide - width) >> 1, (pictureSide - height) >> 1]
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 4
      const to = (((y + y0) >> 1) * side + ((x + x0) >> 1)) * 4
      for (let channel = 0; channel < 4; channel++) sums[to + channel] += pixels[from + channel] / 4
    }
  small.set(sums.map(Math.round))
  return small
}

function linesOf(file) {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) renderFrom(Number(process.argv[2]), ...process.argv.slice(3))
