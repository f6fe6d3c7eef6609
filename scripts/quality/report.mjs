import { networkRows } from './settings.mjs'

/**
 * A table of settings in Markdown. The difference to the first setting is that of the same names, styles and seeds, with its
 * standard error.
 */
export function table(pictures, settings) {
  const [first] = Object.keys(settings)
  const key = ({ name, style, seed }) => `${name}|${style}|${seed}`
  const ofFirst = new Map(pictures.filter(({ setting }) => setting === first).map((p) => [key(p), p]))
  const lines = [
    '| setting | rows | pictures | recall | against the first | same style too | distance |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const [text, setting] of Object.entries(settings)) {
    const drawn = pictures.filter((p) => p.setting === text)
    const pairs = drawn.filter((p) => ofFirst.has(key(p))).map((p) => Number(p.hit) - Number(ofFirst.get(key(p)).hit))
    const sameStyle = drawn.filter((p) => p.hit && p.drawnStyle === p.style).length / drawn.length
    const cells = [
      text,
      networkRows(setting),
      drawn.length,
      percent(mean(drawn.map((p) => Number(p.hit)))),
      text === first ? '' : `${signed(mean(pairs))} ± ${(100 * standardError(pairs)).toFixed(1)}`,
      percent(sameStyle),
      mean(drawn.map((p) => p.distance)).toFixed(4),
    ]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  return `${lines.join('\n')}\n`
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const standardError = (values) => {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)) / values.length)
}
const percent = (share) => `${(100 * share).toFixed(1)} %`
const signed = (share) => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`
