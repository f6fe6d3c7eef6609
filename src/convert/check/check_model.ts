import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LimitError } from '../../errors'
import type { Checkpoint, TransformerConfig, Weights } from '../checkpoint/checkpoint'
import { paths } from '../write/model_index'
import { bytesText } from '../write/output_folder'
import { type Difference, difference, divergences } from './compare'
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
  readonly image: Difference
  /** Latent pixels of the encoder whose codes differ, and how near to a tie the farthest of them is. */
  readonly codes?: { readonly different: number; readonly of: number; readonly margin: number }
}

/** What one session of onnxruntime-web can hold in its 4 GB, with room for its activations. */
const largestNetwork = 2e9
/** Multiplications that float64 does in some minutes. */
const budget = 1e11

export interface CheckOptions {
  /** All by default, or as many as take some minutes. */
  readonly timesteps?: readonly number[]
  /** A network is checked next. */
  readonly onStart?: (network: string) => void
  /** Stops the check at the next layer. */
  readonly signal?: AbortSignal
}

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
  { timesteps, onStart, signal }: CheckOptions = {},
): Promise<CheckReport> {
  await requireRunnable(folder)
  const { textLength } = checkpoint
  const transformer = stoppable(checkpoint.transformer, signal)
  const vqvae = stoppable(checkpoint.vqvae, signal)
  const textEncoder = checkpoint.textEncoder && stoppable(checkpoint.textEncoder, signal)
  const { config } = transformer
  const chosen = timesteps ?? timestepsOf(checkpoint)
  const random = new Draws()
  const grid = [config.latent_height, config.latent_width] as const
  const numLatentPixels = grid[0] * grid[1]

  let text: { readonly reference: Matrix; readonly converted: Float32Array; readonly error: Difference } | undefined
  if (textEncoder) {
    onStart?.('text encoder')
    const ids = textIds(textEncoder.config.vocab_size, textLength!, random)
    const reference = await referenceTextEncoder(textEncoder, ids, textLength!)
    const dims = [texts, textLength!]
    const output = await runNetwork(ort, folder, paths.textEncoder, { input_ids: { data: ids, dims } })
    const converted = output.data as Float32Array
    text = { reference: normalised(reference), converted, error: difference(converted, reference.data) }
  }

  onStart?.('denoiser')
  const tokens = noisyTokens(config, chosen, numLatentPixels, random)
  const classes = chosen.map(() => random.below(config.num_classes ?? 1))
  const condition = text ? repeated(text.reference, chosen.length) : classes
  const reference = await referenceDenoiser(transformer, { tokens, timesteps: chosen, condition })
  const denoise = async (states: Matrix | undefined) => {
    const rows = chosen.length
    const given: Record<string, RunTensor> = states
      ? {
          encoder_hidden_states: {
            data: Float32Array.from(states.data),
            dims: [rows, states.rows / rows, states.columns],
          },
        }
      : { class: { data: Int32Array.from(classes), dims: [rows] } }
    const output = await runNetwork(ort, folder, paths.denoiser, {
      x_t: { data: tokens, dims: [rows, numLatentPixels] },
      t: { data: Int32Array.from(chosen), dims: [rows] },
      ...given,
    })
    return output.data
  }
  const logits = await denoise(text && repeated(text.reference, chosen.length))
  const converted = text && { ...text.reference, data: Float64Array.from(text.converted) }
  const found = converted ? await denoise(repeated(normalised(converted), chosen.length)) : logits
  const nats = divergences(found, reference)

  onStart?.('decoder')
  const codes = Int32Array.from({ length: numLatentPixels }, () => random.below(config.num_vector_embeds - 1))
  const picture = await referenceDecoder(vqvae, codes, grid)
  const image = await runNetwork(ort, folder, paths.decoder, { codes: { data: codes, dims: [1, numLatentPixels] } })
  const index = JSON.parse(await readFile(join(folder, paths.index), 'utf8')) as { vqvae: string[] }
  const hasEncoder = index.vqvae.includes(paths.encoder)
  if (hasEncoder) onStart?.('encoder')
  return {
    ...(text && { textStates: text.error }),
    logits: difference(logits, reference.data),
    divergences: chosen.map((timestep, i) => {
      const ofRow = nats.subarray(i * numLatentPixels, (i + 1) * numLatentPixels)
      return {
        timestep,
        mean: ofRow.reduce((a, b) => a + b) / ofRow.length,
        largest: ofRow.reduce((a, b) => Math.max(a, b)),
      }
    }),
    image: difference(image.data, picture.data),
    ...(hasEncoder && { codes: await checkEncoder(vqvae, folder, ort, image) }),
  }
}

/** A network whose weights are no longer read when the signal has come. */
function stoppable<T extends { readonly weights: Weights }>(network: T, signal: AbortSignal | undefined): T {
  const { shapes } = network.weights
  const read = (name: string) => {
    signal?.throwIfAborted()
    return network.weights.read(name)
  }
  return { ...network, weights: { shapes, read } }
}

/** Encodes a picture by both. */
async function checkEncoder(vqvae: Checkpoint['vqvae'], folder: string, ort: OnnxRuntime, image: RunTensor) {
  const [batch = 0, channels = 0, height = 0, width = 0] = image.dims
  const maps = { data: Float64Array.from(image.data), batch, channels, height, width }
  const { data, rows, columns } = await referenceEncoder(vqvae, maps)
  const codes = (await runNetwork(ort, folder, paths.encoder, { rgba: image })).data
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

/** As many timesteps as fit the budget, two at least, spread over all. */
function timestepsOf({ transformer: { config, weights }, textLength = 0 }: Checkpoint): number[] {
  const size = (name: string) => weights.shapes.get(name)!.reduce((a, b) => a * b)
  const matrices = [...weights.shapes.keys()].filter((name) =>
    /\.(to_\w+(\.0)?|proj|net\.2|conv\d|out)\.weight$/.test(name),
  )
  const numLatentPixels = config.latent_height * config.latent_width
  const width = config.num_attention_heads * config.attention_head_dim
  const products =
    numLatentPixels * matrices.reduce((sum, name) => sum + size(name), 0) +
    2 * config.num_layers * width * numLatentPixels * (numLatentPixels + textLength)
  const count = Math.min(config.num_embeds_ada_norm, Math.max(2, Math.floor(budget / products)))
  const last = config.num_embeds_ada_norm - 1
  return Array.from({ length: count }, (_, i) => Math.round((i * last) / (count - 1 || 1)))
}

const texts = 2

/** A short text, padded as CLIP pads it, and one that is as long as can be. */
function textIds(vocabulary: number, length: number, random: Draws): Int32Array {
  const ids = new Int32Array(texts * length)
  const [bos, eos] = [vocabulary - 2, vocabulary - 1]
  for (const [text, words] of [Math.min(6, length - 2), length - 2].entries()) {
    const start = text * length
    ids[start] = bos
    for (let i = 0; i < words; i++) ids[start + 1 + i] = 1 + random.below(vocabulary - 3)
    ids[start + 1 + words] = eos
  }
  return ids
}

/** Tokens about as noised as they are at each timestep. */
function noisyTokens(config: TransformerConfig, timesteps: readonly number[], numLatentPixels: number, random: Draws) {
  const mask = config.num_vector_embeds - 1
  return Int32Array.from({ length: timesteps.length * numLatentPixels }, (_, at) => {
    const noise = (timesteps[Math.floor(at / numLatentPixels)]! + 1) / config.num_embeds_ada_norm
    return random.next() < noise ? mask : random.below(mask)
  })
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
  const size = (rows / texts) * columns
  const result = new Float64Array(count * size)
  for (let item = 0; item < count; item++) {
    const text = item % texts
    result.set(data.subarray(text * size, (text + 1) * size), item * size)
  }
  return { data: result, rows: (count * rows) / texts, columns }
}

/** Pseudo-random numbers, the same in every run: Marsaglia's xorshift. */
class Draws {
  #state = 2463534242

  /** 0 ≤ x < 1 */
  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state / 2 ** 32
  }

  /** 0 … count − 1 */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }
}
