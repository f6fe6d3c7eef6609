/**
 * Draws the same pictures with diffusers in Python and with this engine, from one checkpoint and with the same uniform numbers:
 * `npm run compare:diffusers -- FOLDER` (scripts/diffusers/README.md). It fails unless text and image tokens are equal after every
 * step, and the pictures within 2·10⁻⁵.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, openAsBlob, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as ort from 'onnxruntime-web'
import { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { createOnnxDecoder, createOnnxSession, VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { drawWithUniforms } from './uniforms.mjs'

/** What float32 rounding may do to pixels of 0 … 1. */
const TOLERANCE = 2e-5

const command = fileURLToPath(new URL('../../dist/lib/convert/main.js', import.meta.url))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompt: { type: 'string', multiple: true, default: ['a red heart'] },
    steps: { type: 'string', default: '10' },
    guidance: { type: 'string', default: '5' },
    truncation: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    python: { type: 'string', default: 'python3' },
    help: { type: 'boolean' },
  },
})
const [folder] = positionals
if (values.help || positionals.length !== 1) {
  console.log(`npm run compare:diffusers -- FOLDER [--prompt 'a red heart']… [--steps 10] [--guidance 5] [--truncation 1] [--seed 1]
  [--python python3]

FOLDER is a checkpoint of diffusers. --python is a Python with the packages of scripts/diffusers/requirements.txt.`)
  process.exit(values.help ? 0 : 2)
}

/** Runs a program. @throws {Error} if it fails */
function run(program, ...args) {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error) throw new Error(`${program} could not be run: ${error.message}.`)
  if (status !== 0) throw new Error(`${program} failed.`)
}

/** The files of a model folder, by path. */
async function filesOf(model) {
  const entries = readdirSync(model, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(paths.map(async (path) => [relative(model, path).replaceAll('\\', '/'), await openAsBlob(path)])),
  )
}

/** What draw.py wrote down. */
function readDrawn(out) {
  const { arrays, ...drawn } = JSON.parse(readFileSync(join(out, 'drawn.json'), 'utf8'))
  for (const [name, { file, shape }] of Object.entries(arrays)) {
    const { buffer } = new Uint8Array(readFileSync(join(out, file)))
    drawn[name] = { data: name === 'tokens' ? new Uint32Array(buffer) : new Float32Array(buffer), shape }
  }
  return drawn
}

/**
 * Draws with the pipeline of a page and the uniforms of draw.py. The images are bytes.
 *
 * @returns token ids of the prompts, the tokens after every step [steps][B · N], and the images
 */
async function drawHere(files, { prompts, steps, guidance, truncation, noise, last_noise: lastNoise }) {
  const pipe = await VQDiffusionPipeline.fromPretrained(files, { ort, engine: 'cpu', network: 'wasm' })
  const ids = prompts.map((text) => [...pipe.tokenizer.encode(text).ids])
  const upload = (data, shape) => new CpuTensor(data, shape)
  const drawing = drawWithUniforms(pipe.scheduler, { noise, lastNoise }, upload)
  const { images } = await pipe(prompts, {
    numInferenceSteps: steps,
    // diffusers takes the first timesteps of the chain.
    spacing: 'leading',
    guidanceScale: guidance,
    truncationRate: truncation,
    // Of no meaning here.
    seed: 1,
  })
  const tokens = await Promise.all(drawing)
  pipe.destroy()
  return { ids, tokens, images }
}

/** The decoder's pictures of these tokens [B, N] in 0 … 1, before they are rounded to bytes: [B, 3, height, width]. */
async function decode(files, tokens, shape) {
  const prefix = 'vqvae/'
  const weights = [...files].filter(([path]) => path.startsWith(`${prefix}decoder.`) && path.endsWith('.bin'))
  const externalData = Object.fromEntries(weights.map(([path, file]) => [path.slice(prefix.length), file]))
  const session = await createOnnxSession(ort, files.get('vqvae/decoder.onnx'), { provider: 'wasm', externalData })
  const decoder = createOnnxDecoder({ session })
  const image = await decoder(new CpuTensor(Uint32Array.from(tokens), shape))
  decoder.destroy()
  await session.destroy()
  return { ...image, data: image.data.map((value) => Math.min(1, Math.max(0, (value + 1) / 2))) }
}

/** What is wrong with tokens after every step, if anything is. */
function wrongTokens(steps, { tokens, gaps }) {
  const all = steps.flatMap((step) => [...step])
  const wrong = [...all.keys()].filter((at) => all[at] !== tokens.data[at])
  if (wrong.length === 0) return []
  const step = Math.floor(wrong[0] / steps[0].length) + 1
  return [
    `${wrong.length} of ${all.length} tokens differ, the first after step ${step} of ${steps.length}. It won by ` +
      `${gaps.data[wrong[0]].toExponential(1)} in diffusers; where that is about 1e-5, or with truncation, rounding decides: try ` +
      'another --seed.',
  ]
}

/** The largest differences of pictures [B, 3, height, width], and of their bytes, from those of diffusers, [B, height, width, 3]. */
function differences({ data, shape }, images, expected) {
  const [B, , height, width] = shape
  const area = height * width
  if (`${expected.shape}` !== `${[B, height, width, 3]}`)
    throw new Error(`The pictures are of shape [${shape}]; in diffusers [${expected.shape}].`)
  const largest = { value: 0, byte: 0 }
  for (const [at, value] of expected.data.entries()) {
    const [item, pixel, channel] = [Math.floor(at / (3 * area)), Math.floor(at / 3) % area, at % 3]
    largest.value = Math.max(largest.value, Math.abs(data[(item * 3 + channel) * area + pixel] - value))
    largest.byte = Math.max(largest.byte, Math.abs(images[item].data[4 * pixel + channel] - 255 * value))
  }
  return largest
}

/** Draws by both, in a folder for what they write, and reports. @returns what is wrong */
async function compare(work) {
  const [out, model] = [join(work, 'drawn'), join(work, 'model')]
  const { prompt, steps, guidance, truncation, seed, python } = values
  const call = Object.entries({ steps, guidance, truncation, seed }).map(([name, value]) => `--${name}=${value}`)
  run(
    python,
    fileURLToPath(new URL('draw.py', import.meta.url)),
    folder,
    out,
    ...call,
    ...prompt.map((text) => `--prompt=${text}`),
  )
  run(process.execPath, command, 'convert', folder, model, '--dtype', 'f32')
  const drawn = readDrawn(out)
  const files = await filesOf(model)
  const here = await drawHere(files, drawn)
  const [B, N] = drawn.tokens.shape.slice(1)
  // Of the last tokens of diffusers, so that tokens that differ do not count twice.
  const decoded = await decode(files, drawn.tokens.data.subarray(-B * N), [B, N])
  const { value, byte } = differences(decoded, here.images, drawn.image)

  const { diffusers, transformers, torch } = drawn.versions
  const closest = drawn.gaps.data.reduce((a, b) => Math.min(a, b))
  console.log(`diffusers ${diffusers}, transformers ${transformers}, torch ${torch}`)
  console.log(
    `tokens    ${drawn.tokens.data.length}, in ${drawn.steps} steps; the closest won by ${closest.toExponential(1)}`,
  )
  console.log(
    `pictures  ${B} of ${drawn.image.shape.slice(1, 3).join(' × ')}; they differ by at most ${value.toExponential(1)} of 1`,
  )
  const wrong = wrongTokens(here.tokens, drawn)
  return [
    ...(JSON.stringify(here.ids) === JSON.stringify(drawn.ids)
      ? []
      : [`The tokens of the prompts are ${JSON.stringify(here.ids)}; in diffusers ${JSON.stringify(drawn.ids)}.`]),
    ...wrong,
    ...(value < TOLERANCE ? [] : [`The pictures differ by ${value.toExponential(1)}; ${TOLERANCE} would be rounding.`]),
    ...(wrong.length > 0 || byte < 0.51 ? [] : [`The bytes of the pictures differ by ${byte}; 0.5 would be rounding.`]),
  ]
}

// The threads of onnxruntime-web do not start in Node.
ort.env.wasm.numThreads = 1
const work = mkdtempSync(join(tmpdir(), 'compare-diffusers-'))
const problems = await compare(work)
  .catch((error) => [error.message])
  .finally(() => rmSync(work, { recursive: true, force: true }))
for (const problem of problems) console.error(problem)
if (problems.length === 0) console.log('Both draw the same.')
process.exitCode = problems.length > 0 ? 1 : 0
