import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { VQDiffusionSchedulerConfig } from '../../config'
import { LimitError } from '../../errors'
import type { Autoencoder, Checkpoint, Weights } from '../checkpoint/checkpoint'
import { paths } from '../write/model_index'
import { bytesText } from '../write/output_folder'
import { type Difference, difference, divergences } from './compare'
import { type CheckInputs, checkInputs, numTexts, timestepsOf } from './inputs'
import { type OnnxRuntime, type RunTensor, runNetwork } from './networks'
import type { Matrix } from './reference_layers'
import { referenceDecoder, referenceDenoiser, referenceEncoder, referenceTextEncoder } from './reference_networks'

/** How far p(x₀) of the converted model is from that of the checkpoint at a timestep, in nats a latent pixel. */
export interface Divergence {
  readonly timestep: number
  readonly mean: number
  readonly largest: number
}

/** A converted model against float64. */
export interface CheckReport {
  readonly textStates?: Difference
  /** Given the reference's text states. */
  readonly logits: Difference
  /** Given the text states of the converted text encoder, so with its errors. */
  readonly divergences: readonly Divergence[]
  /** Of models whose tokens are pictures. */
  readonly image?: Difference
  /** Latent pixels of the encoder whose codes differ, and how near to a tie the farthest of them is. */
  readonly codes?: { readonly different: number; readonly of: number; readonly margin: number }
}

/** What one session of onnxruntime-web can hold in its 4 GB, with room for its activations. */
const largestNetwork = 2e9

export interface CheckOptions {
  /** All by default, or as many as take some minutes. */
  readonly timesteps?: readonly number[]
  /** A network is checked next. */
  readonly onStart?: (network: string) => void
  /** Stops the check at the next layer. */
  readonly signal?: AbortSignal
}

/** Runs a network of the converted folder. */
type Run = (path: string, inputs: Readonly<Record<string, RunTensor>>) => Promise<RunTensor>

/**
 * Runs the networks of a converted folder on onnxruntime's WebAssembly provider, and compares them with what the weights of the
 * checkpoint say, computed in float64. Texts, tokens and classes are pseudo-random and fixed.
 *
 * @throws LimitError if a network is too large for WebAssembly, or the signal's reason
 */
export async function checkModel(
  checkpoint: Checkpoint,
  folder: string,
  ort: OnnxRuntime,
  { timesteps = timestepsOf(checkpoint), onStart, signal }: CheckOptions = {},
): Promise<CheckReport> {
  await requireRunnable(folder)
  const { transformer, vqvae, textEncoder } = stoppable(checkpoint, signal)
  const inputs = checkInputs(checkpoint, timesteps)
  const run: Run = (path, given) => runNetwork(ort, folder, path, given)
  if (textEncoder) onStart?.('text encoder')
  const text = textEncoder && (await checkTextEncoder(textEncoder, inputs, run))
  onStart?.('denoiser')
  const denoiser = await checkDenoiser(transformer, inputs, text, rangesOf(checkpoint), run)
  if (!vqvae) return { ...(text && { textStates: text.error }), ...denoiser }
  onStart?.('decoder')
  const { image, error } = await checkDecoder(vqvae, inputs, run)
  const index = JSON.parse(await readFile(join(folder, paths.index), 'utf8')) as { vqvae: string[] }
  const hasEncoder = index.vqvae.includes(paths.encoder)
  if (hasEncoder) onStart?.('encoder')
  return {
    ...(text && { textStates: text.error }),
    ...denoiser,
    image: error,
    ...(hasEncoder && { codes: await checkEncoder(vqvae, image, run) }),
  }
}

/** The states of the texts that both give, each vector of length 1, as the denoiser takes them. */
interface TextStates {
  readonly reference: Matrix
  readonly converted: Matrix
}

async function checkTextEncoder(
  textEncoder: NonNullable<Checkpoint['textEncoder']>,
  { ids }: CheckInputs,
  run: Run,
): Promise<TextStates & { readonly error: Difference }> {
  const [, length] = ids!.dims as [number, number]
  const reference = await referenceTextEncoder(textEncoder, ids!.data, length)
  const { data } = await run(paths.textEncoder, { input_ids: ids! })
  const converted = { ...reference, data: Float64Array.from(data) }
  return {
    reference: normalised(reference),
    converted: normalised(converted),
    error: difference(data, reference.data),
  }
}

async function checkDenoiser(
  transformer: Checkpoint['transformer'],
  { tokens, timesteps, classes }: CheckInputs,
  text: TextStates | undefined,
  ranges: VQDiffusionSchedulerConfig['class_range'],
  run: Run,
): Promise<Pick<CheckReport, 'logits' | 'divergences'>> {
  const count = timesteps.length
  const classesOfItems = transformer.config.condition === 'class' ? classes : undefined
  const condition = text ? repeated(text.reference, count) : classesOfItems
  const reference = await referenceDenoiser(transformer, { tokens: tokens.data, timesteps, condition })
  const denoise = async (given: Readonly<Record<string, RunTensor>>) =>
    (await run(paths.denoiser, { x_t: tokens, t: { data: Int32Array.from(timesteps), dims: [count] }, ...given })).data
  const classInput = classesOfItems && { class: { data: Int32Array.from(classesOfItems), dims: [count] } }
  const logits = await denoise(text ? statesInput(text.reference, count) : (classInput ?? {}))
  const found = text ? await denoise(statesInput(text.converted, count)) : logits
  return {
    logits: difference(logits, reference.data),
    divergences: divergencesOf(timesteps, divergences(found, reference, ranges)),
  }
}

/** The classes of each latent pixel, of which p(x₀) is a distribution. */
function rangesOf({ scheduler }: Checkpoint): VQDiffusionSchedulerConfig['class_range'] {
  return scheduler.class_range as VQDiffusionSchedulerConfig['class_range']
}

/** The input of the denoiser for these states of texts. */
function statesInput(states: Matrix, count: number): { readonly encoder_hidden_states: RunTensor } {
  const { data, rows, columns } = repeated(states, count)
  return { encoder_hidden_states: { data: Float32Array.from(data), dims: [count, rows / count, columns] } }
}

/** @param nats of every latent pixel of every timestep */
function divergencesOf(timesteps: readonly number[], nats: Float64Array): Divergence[] {
  const numLatentPixels = nats.length / timesteps.length
  return timesteps.map((timestep, i) => {
    const ofRow = nats.subarray(i * numLatentPixels, (i + 1) * numLatentPixels)
    return {
      timestep,
      mean: ofRow.reduce((a, b) => a + b) / numLatentPixels,
      largest: ofRow.reduce((a, b) => Math.max(a, b)),
    }
  })
}

/** @returns the picture of the converted network too, for the encoder */
async function checkDecoder(vqvae: Autoencoder, { codes, grid }: CheckInputs, run: Run) {
  const reference = await referenceDecoder(vqvae, codes.data, grid)
  const image = await run(paths.decoder, { codes })
  return { image, error: difference(image.data, reference.data) }
}

/** Encodes a picture by both. */
async function checkEncoder(vqvae: Autoencoder, image: RunTensor, run: Run) {
  const [batch = 0, channels = 0, height = 0, width = 0] = image.dims
  const maps = { data: Float64Array.from(image.data), batch, channels, height, width }
  const { data, rows, columns } = await referenceEncoder(vqvae, maps)
  const codes = (await run(paths.encoder, { rgba: image })).data
  const codeOf = (entry: number) => vqvae.codesOfEntries?.[entry] ?? entry
  let different = 0
  let margin = 0
  for (let row = 0; row < rows; row++) {
    const scores = data.subarray(row * columns, (row + 1) * columns)
    const best = scores.indexOf(scores.reduce((a, b) => Math.max(a, b)))
    if (codeOf(best) === codes[row]) continue
    different += 1
    const others = scores.filter((_, entry) => codeOf(entry) === codes[row])
    margin = Math.max(margin, scores[best]! - others.reduce((a, b) => Math.max(a, b), -Infinity))
  }
  return { different, of: rows, margin }
}

/** The networks of a checkpoint, whose weights are no longer read when the signal has come. */
function stoppable(
  { transformer, vqvae, textEncoder }: Checkpoint,
  signal: AbortSignal | undefined,
): Pick<Checkpoint, 'transformer' | 'vqvae' | 'textEncoder'> {
  const stopping = <T extends { readonly weights: Weights }>(network: T): T => {
    const { shapes } = network.weights
    const read = (name: string) => {
      signal?.throwIfAborted()
      return network.weights.read(name)
    }
    return { ...network, weights: { shapes, read } }
  }
  return {
    transformer: stopping(transformer),
    ...(vqvae && { vqvae: stopping(vqvae) }),
    ...(textEncoder && { textEncoder: stopping(textEncoder) }),
  }
}

async function requireRunnable(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(folder, paths.manifest), 'utf8')) as {
    files: Record<string, { bytes: number }>
  }
  const bytesIn = new Map<string, number>()
  for (const [file, { bytes }] of Object.entries(manifest.files)) {
    const network = file.split('/')[0]!
    bytesIn.set(network, (bytesIn.get(network) ?? 0) + bytes)
  }
  for (const [network, bytes] of bytesIn)
    if (bytes > largestNetwork)
      throw new LimitError(
        `--check runs networks on WebAssembly, which holds ${bytesText(largestNetwork)} of weights; ${network} has ` +
          `${bytesText(bytes)}. Check a conversion with --dtype q8 or q4 instead.`,
      )
}

/** Vectors of length 1, as the denoiser takes text states. */
function normalised({ data, rows, columns }: Matrix): Matrix {
  const lengths = Array.from({ length: rows }, (_, row) =>
    Math.hypot(...data.subarray(row * columns, (row + 1) * columns)),
  )
  return { data: data.map((value, at) => value / lengths[Math.floor(at / columns)]!), rows, columns }
}

/** The texts in turn, one for each of `count` batch items. */
function repeated({ data, rows, columns }: Matrix, count: number): Matrix {
  const size = (rows / numTexts) * columns
  const result = new Float64Array(count * size)
  for (let item = 0; item < count; item++) {
    const text = item % numTexts
    result.set(data.subarray(text * size, (text + 1) * size), item * size)
  }
  return { data: result, rows: (count * rows) / numTexts, columns }
}
