import type { Size } from '../worker/protocol'
import { fit, nameOf } from './image_file'

/** A browser parses and draws it on the page's own thread. */
const MAX_MEGABYTES = 5

/** Whether a file is an SVG: the only format of which browsers make no bitmap, nor anything in a worker. */
export function isSvg({ name, type }: File): boolean {
  return type === 'image/svg+xml' || (!type.startsWith('image/') && /\.svg$/i.test(name))
}

/**
 * An SVG as a PNG that fits into a picture of the model. It is drawn by an `<img>`, which runs no scripts and loads no other files. Throws an
 * Error with a sentence.
 */
export async function drawSvg(file: File, bounds: Size): Promise<File> {
  const name = nameOf(file)
  if (file.size > MAX_MEGABYTES * 1e6)
    throw new Error(`${name} has ${Math.round(file.size / 1e6)} MB; the limit for an SVG is ${MAX_MEGABYTES} MB.`)
  const sized = sizedSvg(await file.text(), bounds)
  if (!sized) throw new Error(`${name} is no SVG.`)
  const { markup, size } = sized
  const image = new Image()
  image.src = `data:image/svg+xml,${encodeURIComponent(markup)}`
  await image.decode().catch((cause) => {
    throw new Error(`This browser cannot draw ${name}.`, { cause })
  })
  const canvas = new OffscreenCanvas(size.width, size.height)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  context.drawImage(image, 0, 0, size.width, size.height)
  const { data } = context.getImageData(0, 0, size.width, size.height)
  if (!data.some((value, i) => i % 4 === 3 && value > 0))
    throw new Error(`${name} shows nothing. What it takes from other files is not loaded.`)
  return new File([await canvas.convertToBlob({ type: 'image/png' })], file.name, { type: 'image/png' })
}

/**
 * The markup with sizes that fit into these bounds, whatever it has: none, percentages, a million pixels, a view box alone. Read
 * from the text, since a parser on the page reports each style in it as a breach of the page's content security policy.
 * Undefined if it is no SVG.
 */
export function sizedSvg(text: string, bounds: Size): { markup: string; size: Size } | undefined {
  const prolog = text.match(PROLOG)![0]
  const root = text.slice(prolog.length).match(ROOT)
  if (!root) return undefined
  const [tag, name, attributes] = root as unknown as [string, string, string]
  const box = attribute(attributes, 'viewBox')
    .trim()
    .split(/[\s,]+/)
    .map(Number)
  const [, , boxWidth = 0, boxHeight = 0] = box.length === 4 && box.every(Number.isFinite) ? box : []
  const hasBox = boxWidth > 0 && boxHeight > 0
  const [width, height] = [pixels(attribute(attributes, 'width')), pixels(attribute(attributes, 'height'))]
  // Without any, browsers draw 300×150.
  const own = { width: width ?? 300, height: height ?? 150 }
  const shape = hasBox && !(width && height) ? { width: boxWidth, height: boxHeight } : own
  const size = fit(shape, bounds)
  const changed = {
    width: size.width,
    height: size.height,
    ...(!hasBox && { viewBox: `0 0 ${shape.width} ${shape.height}` }),
    // Editors that copy SVG from a page leave out its namespace.
    ...(!/\sxmlns(:\w+)?\s*=/.test(attributes) && { xmlns: 'http://www.w3.org/2000/svg' }),
  }
  const kept = Object.keys(changed).reduce((kept, key) => kept.replace(pattern(key), ''), attributes)
  const written = Object.entries(changed).map(([key, value]) => ` ${key}="${value}"`)
  return { markup: `<${name}${written.join('')}${kept}${text.slice(prolog.length + tag.length)}`, size }
}

/** What may precede the root: the XML declaration, comments, a document type with entities. */
const PROLOG = /^(?:\s|<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>)*/i
/** The start of the root, with its attributes and its end. */
const ROOT = /^<((?:\w+:)?svg)\b((?:[^>"']|"[^"]*"|'[^']*')*>)/

function pattern(name: string): RegExp {
  return new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`)
}

function attribute(attributes: string, name: string): string {
  const [, double, single] = attributes.match(pattern(name)) ?? []
  return double ?? single ?? ''
}

/** CSS pixels of a length; undefined if it is none, relative, or not positive. */
function pixels(length: string): number | undefined {
  const [, digits, unit = 'px'] = length.trim().match(/^\+?([\d.]+(?:e[+-]?\d+)?)(px|pt|pc|mm|cm|in)?$/i) ?? []
  const perUnit = { px: 1, pt: 4 / 3, pc: 16, mm: 96 / 25.4, cm: 96 / 2.54, in: 96 }[unit.toLowerCase()]!
  const value = Number(digits) * perUnit
  return value > 0 && Number.isFinite(value) ? value : undefined
}
