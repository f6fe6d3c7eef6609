/** Draws and scores the batches that it is sent: a thread with networks of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { RandomGenerator, VQDiffusionPipeline } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { NearestDrawing } from './nearest.mjs'
import { requireTool } from './tools.mjs'

const { model, denoiserPath, training } = workerData
const ort = requireTool('onnxruntime-node')
const json = (path) => JSON.parse(readFileSync(join(model, path), 'utf8'))
const session = (path) => ort.InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 })
const [denoiser, decoder] = await Promise.all([session(denoiserPath), session(join(model, 'vqvae/decoder.onnx'))])
const tokenizer = new WordTokenizer(json('tokenizer/tokenizer.json'))
const nearest = new NearestDrawing(training)
const numLatentPixels = 256
const numCodes = 4096

/** Logits are written to the same memory at every step. */
const logitsByRows = {}

/** The network of the pipeline on onnxruntime-node. */
async function denoise({ sample, timestep, guided, conditioning }) {
  const tokens = Int32Array.from(sample.data)
  const halves = guided ? 2 : 1
  const rows = sample.shape[0] * halves
  const input = (values, shape) => new ort.Tensor('int32', values, shape)
  const xT = new Int32Array(rows * numLatentPixels)
  const text = new Int32Array(conditioning.length * halves)
  for (let half = 0; half < halves; half++) xT.set(tokens, half * tokens.length)
  // Guidance's unconditional text is all 0.
  text.set(conditioning, text.length - conditioning.length)
  const feeds = {
    x_t: input(xT, [rows, numLatentPixels]),
    t: input(new Int32Array(rows).fill(timestep), [rows]),
    text: input(text, [rows, text.length / rows]),
  }
  const shape = [rows, numLatentPixels, numCodes]
  logitsByRows[rows] ??= new Float32Array(rows * numLatentPixels * numCodes)
  await denoiser.run(feeds, { logits: new ort.Tensor('float32', logitsByRows[rows], shape) })
  return new CpuTensor(logitsByRows[rows], shape)
}

const scheduler = new VQDiffusionScheduler(json('scheduler/scheduler_config.json'))
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser: denoise })

parentPort.on('message', async ({ job, setting, items }) => {
  const ids = items.map(({ name, style }) => tokenizer.encode(name, { style }).ids)
  const { numInferenceSteps, guidanceScale, guidanceInterval, truncationRate, method, priorWeight, timesteps } = setting
  const result = await pipeline.generate({
    ...(timesteps ? { timesteps } : { numInferenceSteps }),
    guidanceScale,
    ...(guidanceInterval && { guidanceInterval }),
    ...(truncationRate !== undefined && { truncationRate }),
    ...(method && { method }),
    ...(priorWeight !== undefined && { priorWeight }),
    generator: new RandomGenerator(items.map(({ seed }) => seed)),
    numLatentPixels,
    batchSize: items.length,
    conditioning: Int32Array.from(ids.flatMap((item) => [...item])),
  })
  const tokens = Int32Array.from(result.data)
  const { rgba } = await decoder.run({ codes: new ort.Tensor('int32', tokens, [items.length, numLatentPixels]) })
  const size = rgba.data.length / items.length
  const scores = items.map((item, i) => nearest.find(rgba.data.subarray(i * size, (i + 1) * size), item.name))
  const drawn = items.map((_, i) => [...tokens.subarray(i * numLatentPixels, (i + 1) * numLatentPixels)])
  parentPort.postMessage({ job, scores, tokens: drawn })
})
parentPort.postMessage({ ready: true })
