import * as ort from 'onnxruntime-web'
import { PNG } from 'pngjs'
import { files } from 'vq-diffusion-emoji'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'

// The threads of onnxruntime-web do not start in Deno.
ort.env.wasm.numThreads = 1

const prompt = Deno.args[0] ?? 'red heart'
const pipe = await VQDiffusionPipeline.fromPretrained(files, { ort })
const { engine, network, adapter } = pipe.backend
console.log({ engine, network, adapter })
const onStep = ({ step, total }) => console.log(`step ${step} of ${total}`)
const { images } = await pipe(prompt, { seed: 42, style: '3d', onStep })
pipe.destroy()

const { data, width, height } = images[0]
const png = new PNG({ width, height })
png.data.set(data)
await Deno.writeFile('picture.png', PNG.sync.write(png))
