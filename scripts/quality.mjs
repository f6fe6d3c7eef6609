/** Measures how well the emoji model draws what it is asked for: `npm run quality -- --help`, docs/quality.md. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { trainingDrawings } from './quality/drawings.mjs'
import { montage } from './quality/montage.mjs'
import { drawingsOf, sampleNames } from './quality/names.mjs'
import { int8Denoiser, modelJson } from './quality/networks.mjs'
import { comparable, table } from './quality/report.mjs'
import { parseSetting, settingText } from './quality/settings.mjs'
import { writeSureness } from './quality/sureness.mjs'
import { installTools } from './quality/tools.mjs'

const { values } = parseArgs({
  options: {
    names: { type: 'string', default: '200' },
    seeds: { type: 'string', default: '3' },
    setting: { type: 'string', multiple: true },
    denoiser: { type: 'string', default: int8Denoiser },
    batch: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: 'dist/quality' },
    sureness: { type: 'string' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(`npm run quality -- [--setting 'steps=12 guidance=2 interval=20-99 truncation=0.7']… [--names 200] [--seeds 3]
  [--denoiser FILE] [--batch 8] [--threads 2] [--out dist/quality]

Draws names of emoji, each with every seed, the styles in turn, and reports for each setting how often the nearest training
drawing is one of that name: table.md and montage.png. The settings are by default those before the presets, and the presets.
Pictures are listed in OUT/pictures.jsonl; the same command continues there after a stop.

npm run quality -- --sureness FILE

Writes how surely the model draws each name that it was trained with, from one run of the network for each.`)
  process.exit()
}

installTools()
const training = trainingDrawings()
if (values.sureness) await writeSureness(resolve(values.sureness), training.drawings)
else await measure()

async function measure() {
  const { defaults, presets } = modelJson('model_index.json')
  const before = 'steps=16 guidance=2.5 truncation=0.86'
  const chosen = values.setting ?? [before, ...[presets.quick, defaults, presets.best].map(settingText)]
  const settings = Object.fromEntries(chosen.map((text) => [text, parseSetting(text)]))
  const requests = drawingsOf(sampleNames(training.drawings, Number(values.names)), Number(values.seeds))
  const folder = resolve(values.out)
  mkdirSync(folder, { recursive: true })
  const pictureFile = join(folder, 'pictures.jsonl')
  const lines = existsSync(pictureFile) ? readFileSync(pictureFile, 'utf8').split('\n').filter(Boolean) : []
  const pictures = lines.map((line) => JSON.parse(line))
  await draw(jobsOf(settings, requests, pictures), settings, (picture) => {
    pictures.push(picture)
    appendFileSync(pictureFile, `${JSON.stringify(picture)}\n`)
  })
  const all = comparable(pictures, settings)
  writeFileSync(join(folder, 'table.md'), table(all, settings))
  writeFileSync(join(folder, 'montage.png'), await montage(all, settings, training, 14))
  console.log(`${all.length / chosen.length} pictures with each setting\n\n${table(all, settings)}`)
}

/** Batches that are not drawn yet. Settings take turns, so that a run that was stopped has drawn the same with each. */
function jobsOf(settings, requests, pictures) {
  const key = ({ setting, name, style, seed }) => `${setting}|${name}|${style}|${seed}`
  const drawn = new Set(pictures.map(key))
  const jobs = []
  const batch = Number(values.batch)
  for (let first = 0; first < requests.length; first += batch)
    for (const setting of Object.keys(settings)) {
      const items = requests.slice(first, first + batch).filter((item) => !drawn.has(key({ setting, ...item })))
      if (items.length > 0) jobs.push({ setting, items })
    }
  return jobs
}

async function draw(jobs, settings, onPicture) {
  const total = jobs.length
  const begun = performance.now()
  const onBatch = () => {
    const done = total - jobs.length
    const seconds = (performance.now() - begun) / 1000
    process.stderr.write(`${done} of ${total} batches, ${Math.round((seconds / done) * jobs.length)} s left\n`)
  }
  const threads = Math.min(total, Number(values.threads))
  await Promise.all(Array.from({ length: threads }, () => serve(jobs, settings, onPicture, onBatch)))
}

/** Gives a worker one job after the other. */
function serve(jobs, settings, onPicture, onBatch) {
  const workerData = { denoiserPath: resolve(values.denoiser), training }
  const worker = new Worker(new URL('quality/worker.mjs', import.meta.url), { workerData })
  return new Promise((done, failed) => {
    let current
    worker.on('error', failed)
    worker.on('message', ({ scores, tokens }) => {
      for (const [i, item] of (scores ? current.items : []).entries()) {
        const { nearest, ...score } = scores[i]
        const { name: drawn, style: drawnStyle } = training.drawings[nearest]
        onPicture({ setting: current.setting, ...item, ...score, drawn, drawnStyle, tokens: tokens[i] })
      }
      if (scores) onBatch()
      current = jobs.shift()
      if (current) worker.postMessage({ setting: settings[current.setting], items: current.items })
      else worker.terminate().then(done)
    })
  })
}
