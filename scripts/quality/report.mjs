import { networkRows } from './settings.mjs'

/** A picture is clean if it is no further from a drawing of its name than this, as a root mean square of channels 0 … 1. */
const cleanDistance = 0.08

const key = ({ name, style, seed }) => `${name}|${style}|${seed}`

/** The pictures of these settings for whose names, styles and seeds all of them have drawn one. */
export function comparable(pictures, settings) {
  const counts = new Map()
  const wanted = pictures.filter(({ setting }) => setting in settings)
  for (const picture of wanted) counts.set(key(picture), (counts.get(key(picture)) ?? 0) + 1)
  return wanted.filter((picture) => counts.get(key(picture)) === Object.keys(settings).length)
}

/**
 * A table of settings in Markdown, of the same names, styles and seeds for all. Differences to the first setting are of
 * pairs of pictures, with their standard errors.
 */
export function table(pictures, settings) {
  const [first] = Object.keys(settings)
  const ofFirst = new Map(pictures.filter(({ setting }) => setting === first).map((p) => [key(p), p]))
  const lines = [
    '| setting | rows | recall | against the first | style too | clean | against the first | distance | median |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const [text, setting] of Object.entries(settings)) {
    const drawn = pictures.filter((p) => p.setting === text)
    const share = (property) => percent(mean(drawn.map((p) => Number(property(p)))))
    const against = (property) => {
      const pairs = drawn.map((p) => Number(property(p)) - Number(property(ofFirst.get(key(p)))))
      return text === first ? '' : `${signed(mean(pairs))} ± ${(100 * standardError(pairs)).toFixed(1)}`
    }
    const isHit = ({ hit }) => hit
    const isClean = ({ hit, distance }) => hit && distance <= cleanDistance
    const cells = [
      text,
      networkRows(setting),
      share(isHit),
      against(isHit),
      share((p) => p.hit && p.drawnStyle === p.style),
      share(isClean),
      against(isClean),
      mean(drawn.map((p) => p.distance)).toFixed(3),
      median(drawn.map((p) => p.distance)).toFixed(3),
    ]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const standardError = (values) => {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)) / values.length)
}
const percent = (share) => `${(100 * share).toFixed(0)} %`
const signed = (share) => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`
