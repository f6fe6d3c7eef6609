/** Draws and scores the batches that it is sent: a thread with networks of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { RandomGenerator, VQDiffusionPipeline } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { NearestDrawing } from './nearest.mjs'
import { createDecoder, createDenoiser, createTokenizer, modelJson, numCodes, numLatentPixels } from './networks.mjs'

const { denoiserPath, training } = workerData
const [network, decode] = await Promise.all([createDenoiser(denoiserPath), createDecoder()])
const tokenizer = createTokenizer()
const nearest = new NearestDrawing(training)

/** The network of the pipeline. Guidance's unconditional half has no text: all 0. */
async function denoiser({ sample, timestep, guided, conditioning }) {
  const halves = guided ? 2 : 1
  const rows = sample.shape[0] * halves
  const tokens = new Int32Array(rows * numLatentPixels)
  for (let half = 0; half < halves; half++) tokens.set(sample.data, half * sample.data.length)
  const text = new Int32Array(conditioning.length * halves)
  text.set(conditioning, text.length - conditioning.length)
  const logits = await network(tokens, new Int32Array(rows).fill(timestep), text)
  return new CpuTensor(logits, [rows, numLatentPixels, numCodes])
}

const scheduler = new VQDiffusionScheduler(modelJson('scheduler/scheduler_config.json'))
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })

parentPort.on('message', async ({ setting, items }) => {
  const ids = items.map(({ name, style }) => tokenizer.encode(name, { style }).ids)
  const { data } = await pipeline.generate({
    ...setting,
    generator: new RandomGenerator(items.map(({ seed }) => seed)),
    numLatentPixels,
    batchSize: items.length,
    conditioning: Int32Array.from(ids.flatMap((item) => [...item])),
  })
  const tokens = Int32Array.from(data)
  const pictures = await decode(tokens)
  const scores = items.map(({ name }, i) => nearest.find(pictures[i], name))
  const drawn = items.map((_, i) => [...tokens.subarray(i * numLatentPixels, (i + 1) * numLatentPixels)])
  parentPort.postMessage({ scores, tokens: drawn })
})
parentPort.postMessage({ ready: true })
