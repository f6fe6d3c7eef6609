import { readFile, writeFile } from 'node:fs/promises'
import * as ort from 'onnxruntime-web'
import { PNG } from 'pngjs'
import { files } from 'vq-diffusion-emoji'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { create, globals } from 'webgpu'

// Dawn, the WebGPU of Chromium, where a browser has its own.
Object.assign(globalThis, globals)
globalThis.navigator ??= {}
navigator.gpu = create([])
// The threads of onnxruntime-web do not start in Node.
ort.env.wasm.numThreads = 1

// Node fetches no files, so the pipeline gets their contents.
const model = {}
for (const [path, url] of Object.entries(files)) {
  model[path] = new Blob([await readFile(new URL(url))])
}

const prompt = process.argv[2] ?? 'red heart'
const pipe = await VQDiffusionPipeline.fromPretrained(model, { ort })
const { engine, network, adapter } = pipe.backend
console.log({ engine, network, adapter })
const onStep = ({ step, total }) => console.log(`step ${step} of ${total}`)
const { images } = await pipe(prompt, { seed: 42, style: '3d', onStep })
pipe.destroy()

const { data, width, height } = images[0]
const png = new PNG({ width, height })
png.data.set(data)
await writeFile('picture.png', PNG.sync.write(png))
