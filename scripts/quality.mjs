/** Measures how well the emoji model draws what it is asked for: `npm run quality -- --help`, docs/quality.md. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { trainingDrawings } from './quality/drawings.mjs'
import { drawingsOf, sampleNames } from './quality/names.mjs'
import { table } from './quality/report.mjs'
import { parseSetting } from './quality/settings.mjs'
import { installTools } from './quality/tools.mjs'

const model = fileURLToPath(new URL('../packages/vq-diffusion-emoji/emoji-16x16', import.meta.url))
const { values } = parseArgs({
  options: {
    names: { type: 'string', default: '200' },
    seeds: { type: 'string', default: '3' },
    setting: { type: 'string', multiple: true, default: ['steps=16 guidance=2.5 truncation=0.86'] },
    denoiser: { type: 'string', default: join(model, 'denoiser/model.onnx') },
    batch: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: 'dist/quality' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(`npm run quality -- [--setting 'steps=12 guidance=2 interval=20-99 truncation=0.7']… [--names 200] [--seeds 3]
  [--denoiser FILE] [--batch 8] [--threads 2] [--out dist/quality]

Draws names of emoji, each with every seed, the styles in turn, and reports for each setting how often the nearest training
drawing is one of that name. Pictures are listed in OUT/pictures.jsonl; a run with the same names and seeds continues there.`)
  process.exit()
}

installTools()
const training = trainingDrawings()
const settings = Object.fromEntries(values.setting.map((text) => [text, parseSetting(text)]))
const requests = drawingsOf(sampleNames(training.drawings, Number(values.names)), Number(values.seeds))
const folder = resolve(values.out)
mkdirSync(folder, { recursive: true })
const pictureFile = join(folder, 'pictures.jsonl')
const pictures = existsSync(pictureFile)
  ? readFileSync(pictureFile, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : []
await draw(remainingJobs())
const wanted = pictures.filter(({ setting }) => setting in settings)
writeFileSync(join(folder, 'table.md'), table(wanted, settings))
console.log(table(wanted, settings))

/** Batches that are not drawn yet. Settings take turns, so that a run that was stopped has drawn the same with each. */
function remainingJobs() {
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

async function draw(jobs) {
  const total = jobs.length
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: Number(values.threads) }, () => serve(jobs, () => progress(total, jobs, begun))),
  )
}

/** Gives a worker one job after the other. */
function serve(jobs, onDone) {
  const workerData = { model, denoiserPath: resolve(values.denoiser), training }
  const worker = new Worker(new URL('quality/worker.mjs', import.meta.url), { workerData })
  return new Promise((done, failed) => {
    let current
    worker.on('error', failed)
    worker.on('message', ({ scores, tokens }) => {
      for (const [i, item] of (scores ? current.items : []).entries()) {
        const { nearest, ...score } = scores[i]
        const { name: drawn, style: drawnStyle } = training.drawings[nearest]
        const picture = { setting: current.setting, ...item, ...score, drawn, drawnStyle, tokens: tokens[i] }
        pictures.push(picture)
        appendFileSync(pictureFile, `${JSON.stringify(picture)}\n`)
      }
      if (scores) onDone()
      current = jobs.shift()
      if (current) worker.postMessage({ setting: settings[current.setting], items: current.items })
      else worker.terminate().then(done)
    })
  })
}

function progress(total, jobs, begun) {
  const done = total - jobs.length
  const seconds = (performance.now() - begun) / 1000
  process.stderr.write(`${done} of ${total} batches, ${Math.round((seconds / done) * jobs.length)} s left\n`)
}
