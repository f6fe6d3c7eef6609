/** A generator of numbers below 2³², by seed (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) >>> 0
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

/**
 * Names of emoji that were drawn in at least four of the seven styles, each with those styles, in an order that does not
 * change: fewer names are the first of more.
 *
 * @param {readonly { name: string, style: string, toned: boolean }[]} drawings
 * @returns {{ name: string, styles: string[] }[]}
 */
export function sampleNames(drawings, count) {
  const stylesByName = new Map()
  for (const { name, style, toned } of drawings)
    if (!toned) stylesByName.set(name, (stylesByName.get(name) ?? new Set()).add(style))
  const names = [...stylesByName]
    .map(([name, styles]) => ({ name, styles: [...styles].sort() }))
    .filter(({ styles }) => styles.length >= 4)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const next = random(1)
  for (let i = names.length - 1; i > 0; i--) {
    const j = next() % (i + 1)
    ;[names[i], names[j]] = [names[j], names[i]]
  }
  return names.slice(0, count)
}

/** What to draw: every name with every seed; styles change with the name and with the seed. */
export function drawingsOf(names, seeds) {
  return Array.from({ length: seeds }, (_, turn) =>
    names.map(({ name, styles }, index) => ({
      name,
      style: styles[(index + turn) % styles.length],
      seed: turn * 10_000 + index,
    })),
  ).flat()
}
