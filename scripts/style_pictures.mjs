/**
 * Draws one thing in each style of the model with the package, on the CPU, for the choice of the style in the studio:
 * `npm run styles`. It takes some two minutes. The first picture is for any style: four of the others.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import * as ort from 'onnxruntime-web'
import { chromium } from 'playwright'
import { files } from 'vq-diffusion-emoji'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { findBrowser } from './browser.mjs'

const output = fileURLToPath(new URL('../demo/styles/style_pictures.webp', import.meta.url))
const prompt = 'panda'
const options = { numInferenceSteps: 12, guidanceScale: 1.5, truncationRate: 0.65, seed: 7 }
/** In the order of the studio (demo/picture/settings.ts). */
const styles = ['3d', 'flat', 'noto', 'blob', 'twemoji', 'emojione', 'firefox']
/** Pixels of a picture: twice what is seen. */
const SIDE = 72
const WEBP_QUALITY = 0.66

// The threads of onnxruntime-web do not start in Node.
ort.env.wasm.numThreads = 1
// Node fetches no files, so the pipeline gets their contents.
const model = {}
for (const [path, url] of Object.entries(files)) model[path] = new Blob([await readFile(new URL(url))])
const pipe = await VQDiffusionPipeline.fromPretrained(model, { ort, engine: 'cpu', network: 'wasm' })
const images = []
for (const style of styles) {
  const { images: drawn } = await pipe(prompt, { ...options, style })
  images.push(Buffer.from(drawn[0].data).toString('base64'))
  console.log(`drew ${prompt}, ${style}`)
}

const browser = await chromium.launch(await findBrowser())
try {
  const page = await browser.newPage()
  const base64 = await page.evaluate(
    async ({ images, side, quality }) => {
      const bitmaps = await Promise.all(
        images.map((image) => {
          const data = Uint8ClampedArray.from(atob(image), (character) => character.charCodeAt(0))
          return createImageBitmap(new ImageData(data, Math.sqrt(data.length / 4)))
        }),
      )
      const canvas = new OffscreenCanvas(side * (1 + images.length), side)
      const context = canvas.getContext('2d')
      context.imageSmoothingQuality = 'high'
      const half = side / 2
      for (const i of [0, 1, 2, 3]) context.drawImage(bitmaps[i], half * (i % 2), half * Math.floor(i / 2), half, half)
      for (const [i, bitmap] of bitmaps.entries()) context.drawImage(bitmap, side * (1 + i), 0, side, side)
      const blob = await canvas.convertToBlob({ type: 'image/webp', quality })
      const bytes = new Uint8Array(await blob.arrayBuffer())
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    },
    { images, side: SIDE, quality: WEBP_QUALITY },
  )
  await writeFile(output, Buffer.from(base64, 'base64'))
} finally {
  await browser.close()
}
