/**
 * Draws the wall of stickers of the studio's first screen with the package and the model, on the CPU, and records every
 * step: `npm run wall`. A picture takes some 15 s. Those of an earlier run are taken from dist/wall.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import * as ort from 'onnxruntime-web'
import { chromium } from 'playwright'
import { files } from 'vq-diffusion-emoji'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxSession,
  toImageData,
  WordTokenizer,
} from 'vq-diffusion-webgpu/onnx'
import { findBrowser } from './browser.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const model = (name) => readFile(new URL(files[name]))

const cache = path('../dist/wall/')
const folder = path('../demo/public/wall/')
const description = path('../demo/wall/wall.json')

const settings = { steps: 12, guidance: 1.5, truncation: 0.65 }
/** The other settings of the studio, as they are written into its files. */
const others = { method: 'posterior', spacing: 'exact', priorWeight: 1, guidedFrom: 0, guidedTo: 99, negative: '' }
/** Words as captions have them, chosen by looking at what the model makes of them. */
const pictures = [
  ['panda', 'noto', 7],
  ['red heart', '3d', 7],
  ['sunflower', 'flat', 7],
  ['frog', '3d', 7],
  ['butterfly', '3d', 5],
  ['green apple', 'noto', 7],
  ['ghost', 'blob', 3],
  ['pizza', 'flat', 7],
  ['alien monster', 'firefox', 7],
  ['cat face', 'flat', 7],
  ['rainbow', 'flat', 7],
  ['mushroom', 'twemoji', 7],
  ['owl', 'flat', 7],
  ['strawberry', '3d', 7],
  ['hatching chick', 'twemoji', 7],
  ['cherries', 'flat', 7],
  ['unicorn', 'noto', 7],
  ['doughnut', '3d', 7],
  ['cactus', 'noto', 7],
  ['rocket', 'flat', 7],
  ['turtle', '3d', 7],
  ['dog face', '3d', 7],
  ['watermelon', 'noto', 7],
  ['christmas tree', 'noto', 7],
  ['alien', 'blob', 7],
].map(([prompt, style, seed]) => ({ prompt, style, seed }))

const N = 256
const SIDE = 128
/** As in demo/wall/wall.ts. */
const COLUMNS = 5
const WEBP_QUALITY = 0.84

// The threads of onnxruntime-web do not start in Node.
ort.env.wasm.numThreads = 1
const session = async (name, externalData = {}) =>
  createOnnxSession(ort, await model(name), { provider: 'wasm', externalData })
const scheduler = await VQDiffusionScheduler.create(JSON.parse(await model('scheduler/scheduler_config.json')))
const tokenizer = new WordTokenizer(JSON.parse(await model('tokenizer/tokenizer.json')))
const decoder = createOnnxDecoder({ session: await session('vqvae/decoder.onnx') })
let denoiser

/** Entropies as bytes: 255 is that of the uniform distribution. */
const toBytes = (entropy) => Uint8Array.from(entropy, (nats) => Math.round((255 * nats) / Math.log(scheduler.numCodes)))

/**
 * One chain: the tokens before the first step and after each, u16 [256] each, then the x₀ of each step, u16 [256], then
 * its entropies, u8 [256].
 */
async function draw({ prompt, style, seed }) {
  const { ids: text, ignored } = tokenizer.encode(prompt, { style })
  if (ignored.length > 0) throw new Error(`The model does not know ${ignored.join(', ')}.`)
  const weights = { 'weights.bin': await model('denoiser/weights.bin') }
  denoiser ??= createOnnxDenoiser({ session: await session('denoiser/model.onnx', weights) })
  const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
  const options = {
    numInferenceSteps: settings.steps,
    numLatentPixels: N,
    seed,
    conditioning: { conditional: { text }, unconditional: { text: new Int32Array(text.length) } },
  }
  const grids = { tokens: [Uint16Array.from((await pipeline.start(options)).tokens)], x0: [], entropy: [] }
  const recorded = { predOriginalSample: true, diagnostics: true }
  const sampling = { guidanceScale: settings.guidance, truncationRate: settings.truncation }
  for await (const step of pipeline.sample({ ...options, ...sampling, ...recorded })) {
    grids.tokens.push(Uint16Array.from(await step.sample.read()))
    grids.x0.push(Uint16Array.from(await step.predOriginalSample.read()))
    grids.entropy.push(toBytes(await step.diagnostics.entropy.read()))
  }
  return Buffer.concat(
    Object.values(grids)
      .flat()
      .map(({ buffer }) => Buffer.from(buffer)),
  )
}

/** The grids of a chain, as bytes. */
function gridsOf(chain) {
  const sizes = [...Array(2 * settings.steps + 1).fill(2 * N), ...Array(settings.steps).fill(N)]
  let end = 0
  return sizes.map((size) => {
    end += size
    return chain.subarray(end - size, end)
  })
}

/** Straight-alpha RGBA of one picture. */
async function decode(tokens) {
  const image = await decoder(new CpuTensor(Uint32Array.from(tokens), [1, N]))
  return toImageData(image, { range: [0, 1], alpha: 'premultiplied' })[0].data
}

/** All pictures beside and below each other, as WebP: browsers encode it. */
async function sprite(images) {
  const browser = await chromium.launch(await findBrowser())
  try {
    const page = await browser.newPage()
    const base64 = await page.evaluate(
      async ({ images, side, columns, quality }) => {
        const canvas = new OffscreenCanvas(side * columns, side * Math.ceil(images.length / columns))
        const context = canvas.getContext('2d')
        for (const [i, image] of images.entries()) {
          const data = Uint8ClampedArray.from(atob(image), (character) => character.charCodeAt(0))
          context.putImageData(new ImageData(data, side), side * (i % columns), side * Math.floor(i / columns))
        }
        const blob = await canvas.convertToBlob({ type: 'image/webp', quality })
        const bytes = new Uint8Array(await blob.arrayBuffer())
        return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
      },
      {
        images: images.map((data) => Buffer.from(data).toString('base64')),
        side: SIDE,
        columns: COLUMNS,
        quality: WEBP_QUALITY,
      },
    )
    return Buffer.from(base64, 'base64')
  } finally {
    await browser.close()
  }
}

/** The compressed chain of a picture, from the cache if it is there. */
async function drawnOnce(picture) {
  const name = [picture.prompt.replaceAll(' ', '-'), picture.style, picture.seed, ...Object.values(settings)].join('_')
  const cached = await readFile(`${cache}${name}`).catch(() => undefined)
  if (cached) return cached
  console.log(`drawing ${name}`)
  const drawn = gzipSync(await draw(picture))
  await writeFile(`${cache}${name}`, drawn)
  return drawn
}

await mkdir(cache, { recursive: true })
await mkdir(folder, { recursive: true })
const chains = []
for (const picture of pictures) chains.push(gridsOf(gunzipSync(await drawnOnce(picture))))

// As frames of a batch: a grid of the first picture, the same grid of the second, …
const recording = gzipSync(Buffer.concat(chains[0].flatMap((_, grid) => chains.map((grids) => grids[grid]))), {
  level: 9,
})
await writeFile(`${folder}recording.bin`, recording)

const images = []
for (const grids of chains) {
  const { buffer, byteOffset } = Buffer.from(grids[settings.steps])
  images.push(await decode(new Uint16Array(buffer.slice(byteOffset, byteOffset + 2 * N))))
}
const webp = await sprite(images)
await writeFile(`${folder}sprite.webp`, webp)

const hash = async (name) =>
  createHash('sha256')
    .update(await model(name))
    .digest('hex')
const expectation = scheduler.expectation({ numInferenceSteps: settings.steps })
const facts = { denoiser: await hash('denoiser/weights.bin'), decoder: await hash('vqvae/decoder.onnx') }
await writeFile(
  description,
  `${JSON.stringify({ settings: { ...settings, ...others }, model: facts, expectation, pictures })}\n`,
)
console.log(`${pictures.length} pictures, sprite ${webp.length} bytes, recording ${recording.length} bytes`)
