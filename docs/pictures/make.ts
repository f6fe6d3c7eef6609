/** Draws the pictures of concepts.md with the built package: `npm run docs:pictures`. */
import { writeFileSync } from 'node:fs'
import { RandomGenerator } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { countMasked } from '../.vitepress/chain/compare'
import { cpuRecorder, numCodes } from '../.vitepress/chain/record'
import { colours, pictures, side } from '../.vitepress/chain/toy_pictures'

// Colours of light and of dark pages. The site leaves this out and has the same in theme/style.css, since its pages have a switch.
const style = `<style>
.vqd-picture{--ink:#3c3c43;--faint:#6e6e76;--line:#d0d0d5;--mask:#c4c4ca;--one:#1c7ed6;--two:#f08c00;--three:#2b8a3e;font:13px system-ui,sans-serif}
@media(prefers-color-scheme:dark){.vqd-picture{--ink:#dfdfd6;--faint:#98989f;--line:#46464d;--mask:#5a5a62;--one:#4dabf7;--two:#ffa94d;--three:#69db7c}}
.vqd-picture text{fill:var(--ink)}.vqd-picture .faint{fill:var(--faint)}.vqd-picture .axis{stroke:var(--line);fill:none}
</style>`

const width = 680

function save(name: string, height: number, content: string): void {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" class="vqd-picture" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`
  writeFileSync(new URL(`../docs/pictures/${name}.svg`, import.meta.url), `${svg}\n${style}\n${content}\n</svg>\n`)
}

const round = (value: number) => Number(value.toFixed(2))
const rect = (x: number, y: number, w: number, h: number, fill: string) =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(w)}" height="${round(h)}" fill="${fill}"/>`
const text = (x: number, y: number, content: string, anchor = 'start', kind = '') =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${kind && ` class="${kind}"`}>${content}</text>`

/** A grid of tokens: runs of equal tokens in a row are one rectangle. */
function grid(tokens: ArrayLike<number>, x: number, y: number, size: number): string {
  const cell = size / side
  const parts: string[] = []
  for (let row = 0; row < side; row++)
    for (let start = 0, end = 0; start < side; start = end) {
      const token = tokens[row * side + start]!
      while (end < side && tokens[row * side + end] === token) end++
      const fill = colours[token] ?? 'var(--mask)'
      parts.push(rect(x + start * cell, y + row * cell, (end - start) * cell, cell, fill))
    }
  return `<g shape-rendering="crispEdges">${parts.join('')}</g>`
}

function legend(entries: readonly (readonly [string, string])[], x: number, y: number, gap: number): string {
  return entries
    .map(([name, fill], i) => rect(x + i * gap, y - 10, 11, 11, fill) + text(x + i * gap + 17, y, name))
    .join('')
}

const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: numCodes + 1, gamma_cum_end: 0.9 })
const heart = pictures[0]!

// The forward process
{
  const size = 116
  const at = [0, 25, 50, 75, 99]
  const x0 = scheduler.uploadTokens(heart, [1, side * side])
  const parts = at.map((t, i) => {
    const x = i * (size + 25)
    const { data } = scheduler.addNoise(x0, t, { generator: new RandomGenerator(3) })
    return grid(data, x, 0, size) + text(x + size / 2, size + 20, `t = ${t}`, 'middle')
  })
  save('forward', size + 28, parts.join('\n'))
}

// The schedule
{
  const [left, top, w, h] = [40, 8, 600, 150]
  const T = scheduler.config.num_train_timesteps
  const keep = Array.from({ length: T }, (_, t) => Math.exp(scheduler.logCumprodAt[t]!))
  const mask = Array.from({ length: T }, (_, t) => Math.exp(scheduler.logCumprodCt[t]!))
  const x = (t: number) => left + (w * t) / (T - 1)
  const y = (share: number) => top + h * (1 - share)
  const band = (low: (t: number) => number, high: (t: number) => number, fill: string) => {
    const steps = Array.from({ length: T }, (_, t) => t)
    const points = [...steps.map((t) => [t, high(t)] as const), ...steps.reverse().map((t) => [t, low(t)] as const)]
    return `<polygon points="${points.map(([t, share]) => `${round(x(t))},${round(y(share))}`).join(' ')}" fill="${fill}"/>`
  }
  const bands = [
    band(
      () => 0,
      (t) => keep[t]!,
      'var(--one)',
    ),
    band(
      (t) => keep[t]!,
      (t) => 1 - mask[t]!,
      'var(--two)',
    ),
    band(
      (t) => 1 - mask[t]!,
      () => 1,
      'var(--mask)',
    ),
  ]
  const marks = [0, 25, 50, 75, 99].map((t) => text(x(t), top + h + 18, String(t), 'middle', 'faint'))
  const shares = [0, 0.5, 1].map((share) => text(left - 8, y(share) + 4, String(share), 'end', 'faint'))
  const names = legend(
    [
      ['kept', 'var(--one)'],
      ['replaced', 'var(--two)'],
      ['masked', 'var(--mask)'],
    ],
    left,
    top + h + 42,
    110,
  )
  save(
    'schedule',
    top + h + 50,
    [...bands, ...marks, ...shares, text(left + w, top + h + 42, 'timestep t', 'end', 'faint'), names].join('\n'),
  )
}

/** The strided timesteps of 16 steps, and the next one of each. */
scheduler.setTimesteps(16)
const steps = scheduler.timesteps.map((t, i) => ({ t, u: scheduler.timesteps[i + 1] ?? -1 }))

// Routes
{
  const [left, top, h, bar, gap] = [40, 26, 110, 14, 4]
  const cumulative = (t: number) => {
    if (t === -1) return { a: 1, b: 0, c: 0 }
    const [a, b, c] = [scheduler.logCumprodAt, scheduler.logCumprodBt, scheduler.logCumprodCt].map((table) =>
      Math.exp(table[t]!),
    )
    return { a: a!, b: b!, c: c! }
  }
  const panel = (
    x: number,
    title: string,
    shares: (step: { t: number; u: number }) => readonly (readonly [number, string])[],
  ) => {
    const bars = steps.map((step, i) => {
      let base = top + h
      return shares(step)
        .map(([share, fill]) => {
          base -= h * share
          return rect(x + i * (bar + gap), base, bar, h * share, fill)
        })
        .join('')
    })
    return [text(x, 14, title), ...bars].join('\n')
  }
  const K = numCodes
  const masked = panel(left, 'a masked token', ({ t, u }) => {
    const [now, then] = [cumulative(t), cumulative(u)]
    const G = (now.c - then.c) / (1 - then.c)
    return [
      [(G * then.a) / now.c, 'var(--one)'],
      [(K * G * then.b) / now.c, 'var(--two)'],
      [then.c / now.c, 'var(--mask)'],
    ]
  })
  // Of a token that differs from the predicted x₀.
  const ordinary = panel(left + 340, 'an ordinary token other than x₀', ({ t, u }) => {
    const [now, then] = [cumulative(t), cumulative(u)]
    const A = now.a / then.a
    const G = (now.c - then.c) / (1 - then.c)
    const B = (1 - A - G) / K
    return [
      [(B * then.a) / now.b, 'var(--one)'],
      [(K * B * then.b) / now.b, 'var(--two)'],
      [(A * then.b) / now.b, 'var(--three)'],
    ]
  })
  const names = legend(
    [
      ['take x₀', 'var(--one)'],
      ['random class', 'var(--two)'],
      ['keep', 'var(--three)'],
      ['mask', 'var(--mask)'],
    ],
    left,
    top + h + 42,
    120,
  )
  const ends = [left, left + 340].flatMap((x) => [
    text(x, top + h + 17, 'first step', 'start', 'faint'),
    text(x + 16 * (bar + gap) - gap, top + h + 17, 'last', 'end', 'faint'),
  ])
  save('routes', top + h + 50, [masked, ordinary, ...ends, names].join('\n'))
}

const recorder = await cpuRecorder()

// Columns read
{
  const [left, top, h, bar, gap] = [40, 18, 130, 30, 8]
  const { frames } = await recorder.record({ seed: 6, numInferenceSteps: 16, method: 'posterior' })
  const read = frames.slice(1).map(({ columnsRead }) => columnsRead!)
  const bars = read.map((count, i) => {
    const [x, height] = [left + i * (bar + gap), (h * count) / 256]
    return (
      rect(x, top, bar, h, 'var(--mask)') +
      rect(x, top + h - height, bar, height, 'var(--one)') +
      text(x + bar / 2, top + h - height - 4, String(count), 'middle')
    )
  })
  const total = read.reduce((a, b) => a + b)
  const share = Math.round((100 * total) / (16 * 256))
  save(
    'columns',
    top + h + 24,
    [
      ...bars,
      text(
        left,
        top + h + 18,
        `columns read of 256 in each of 16 steps of the chain above: ${total} of ${16 * 256}, ${share} %`,
        'start',
        'faint',
      ),
    ].join('\n'),
  )
}

// Timesteps
{
  const [left, w] = [90, 560]
  const x = (t: number) => left + (w * t) / 99
  const row = (y: number, name: string, timesteps: readonly number[]) =>
    [
      text(left - 14, y + 4, name, 'end'),
      `<path class="axis" d="M${left} ${y}H${left + w}"/>`,
      ...timesteps.map((t) => `<circle cx="${round(x(t))}" cy="${y}" r="4.5" fill="var(--one)"/>`),
    ].join('')
  const strided = scheduler.timesteps
  scheduler.setTimesteps(16, { spacing: 'leading' })
  const leading = scheduler.timesteps
  const marks = [0, 25, 50, 75, 99].map((t) => text(x(t), 96, String(t), 'middle', 'faint'))
  save('timesteps', 104, [row(22, 'strided', strided), row(62, 'leading', leading), ...marks].join('\n'))
}

/** Bars of probabilities, in groups. */
function bars(
  groups: readonly (readonly (readonly [number, string])[])[],
  left: number,
  top: number,
  h: number,
  bar: number,
  gap: number,
): string {
  return groups
    .map((group, i) =>
      group.map(([p, fill], j) => rect(left + i * gap + j * (bar + 2), top + h * (1 - p), bar, h * p, fill)).join(''),
    )
    .join('\n')
}

const softmax = (logits: readonly number[]) => {
  const weights = logits.map(Math.exp)
  const total = weights.reduce((a, b) => a + b)
  return weights.map((weight) => weight / total)
}

// Guidance
{
  const unconditional = [1.1, 0.9, 0.6, 0.5, 0.2, -0.2]
  const conditional = [0.8, 1.5, 0.5, 0.9, -0.1, -0.6]
  const guided = unconditional.map((u, k) => u + 3 * (conditional[k]! - u))
  const [u, c, g] = [unconditional, conditional, guided].map(softmax) as [number[], number[], number[]]
  const groups = u.map(
    (p, k) =>
      [
        [p / 0.56, 'var(--mask)'],
        [c[k]! / 0.56, 'var(--one)'],
        [g[k]! / 0.56, 'var(--two)'],
      ] as const,
  )
  const names = groups.map((_, k) => text(40 + k * 102 + 34, 168, `class ${k}`, 'middle', 'faint'))
  const key = legend(
    [
      ['without prompt', 'var(--mask)'],
      ['with prompt', 'var(--one)'],
      ['guided, scale 3', 'var(--two)'],
    ],
    40,
    194,
    150,
  )
  save('guidance', 202, [bars(groups, 40, 8, 144, 22, 102), ...names, key].join('\n'))
}

// Truncation
{
  const probabilities = softmax([2.6, 2.1, 1.9, 1.3, 1, 0.6, 0.2, -0.1, -0.4, -0.8, -1.1, -1.5])
  const before = probabilities.map((_, k) => probabilities.slice(0, k).reduce((a, b) => a + b, 0))
  const groups = probabilities.map((p, k) => [[p / 0.33, before[k]! < 0.86 ? 'var(--one)' : 'var(--mask)']] as const)
  const sums = probabilities.map((p, k) => text(40 + k * 51 + 18, 168, (before[k]! + p).toFixed(2), 'middle', 'faint'))
  const key = legend(
    [
      ['kept at the rate 0.86', 'var(--one)'],
      ['dropped', 'var(--mask)'],
    ],
    40,
    194,
    180,
  )
  save(
    'truncation',
    202,
    [
      bars(groups, 40, 8, 144, 36, 51),
      ...sums,
      text(652, 194, 'sum of the probabilities up to a class', 'end', 'faint'),
      key,
    ].join('\n'),
  )
}

// Methods
{
  const size = 108
  const at = [2, 5, 8, 12, 16]
  const parts: string[] = []
  for (const [row, method] of (['posterior', 'purity'] as const).entries()) {
    const y = row * (size + 34)
    const { frames } = await recorder.record({ seed: 6, numInferenceSteps: 16, method })
    parts.push(text(0, y + size / 2 + 4, method))
    for (const [i, step] of at.entries()) {
      const { tokens } = frames[step]!
      const x = 76 + i * (size + 13)
      parts.push(
        grid(tokens, x, y, size),
        text(x + size / 2, y + size + 18, `${countMasked(tokens, numCodes)} masked`, 'middle', 'faint'),
      )
    }
  }
  save('methods', 2 * (size + 34) - 6, parts.join('\n'))
}
