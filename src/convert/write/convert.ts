import { createRequire } from 'node:module'
import { CheckpointError, OptionError } from '../../errors'
import type { Checkpoint } from '../checkpoint/checkpoint'
import { decoderGraph, type Grid } from '../graphs/decoder'
import { denoiserGraph } from '../graphs/denoiser'
import { encoderGraph } from '../graphs/encoder'
import type { GraphOptions, NetworkGraph, WeightType } from '../graphs/network_graph'
import { textEncoderGraph } from '../graphs/text_encoder'
import { modelCard } from './model_card'
import { modelIndexOf, paths } from './model_index'
import { type PlannedNetwork, planNetwork, writeNetwork } from './network'
import { OutputFolder } from './output_folder'
import { clipTokenizerJson } from './tokenizer_json'

export interface ConvertOptions extends GraphOptions {
  /** Whether the autoencoder's encoder is written too, for pictures as input. */
  readonly encoder: boolean
  /** Bytes of a file of weights, at most. */
  readonly shardBytes: number
  /** The model's name, for its card. */
  readonly name: string
  /** What the card says the model was made from, and by which command. */
  readonly source: string
  readonly command: string
  readonly onProgress?: (done: number, total: number) => void
  /** Stops the conversion between two tensors; nothing of it is left. */
  readonly signal?: AbortSignal
}

/**
 * Writes a checkpoint as a model folder of this package. The folder appears when it is whole.
 *
 * @throws OptionError if OUT exists, a shard is too small or there is no encoder, LimitError if the disk is, CheckpointError, or the signal's reason
 */
export async function convertCheckpoint(checkpoint: Checkpoint, out: string, options: ConvertOptions): Promise<void> {
  const networks = plan(checkpoint, options)
  const total = networks.reduce((sum, { bytes }) => sum + bytes, 0)
  const folder = await OutputFolder.create(out)
  try {
    await folder.requireSpace(total + spareBytes)
    let done = 0
    const onBytes = (bytes: number) => {
      done += bytes
      options.onProgress?.(done, total)
    }
    for (const network of networks) await writeNetwork(network, folder, onBytes, options.signal)
    await writeRest(checkpoint, folder, networks, options)
    options.signal?.throwIfAborted()
    await folder.finish()
  } catch (error) {
    await folder.discard()
    throw error
  }
}

/** Room for graphs, tokenizer and what the file system takes beside the weights. */
const spareBytes = 16e6

function plan(checkpoint: Checkpoint, { dtype, attention, encoder, shardBytes }: ConvertOptions): PlannedNetwork[] {
  const { transformer, vqvae, textEncoder, textLength } = checkpoint
  const grid: Grid = [transformer.config.latent_height, transformer.config.latent_width]
  const options = { dtype, attention }
  const unquantised = { dtype: floatTypeOf(dtype), attention }
  const needsText = transformer.config.condition === 'text'
  if (needsText && (!textEncoder || !checkpoint.tokenizer || textLength === undefined))
    throw new CheckpointError(
      'The model takes a text; the checkpoint has no text encoder or no tokenizer.',
      'text_encoder',
    )
  const networks: [NetworkGraph, path: string][] = [[denoiserGraph(transformer, textLength, options), paths.denoiser]]
  if (vqvae) networks.push([decoderGraph(vqvae, grid, unquantised), paths.decoder])
  if (encoder) {
    if (!vqvae)
      throw new OptionError('--encoder needs an autoencoder, which a model of other tokens than pictures lacks.')
    networks.push([encoderGraph(vqvae, grid, unquantised), paths.encoder])
  }
  if (needsText) networks.push([textEncoderGraph(textEncoder!, textLength!, options), paths.textEncoder])
  return networks.map(([graph, path]) => planNetwork(graph, path, shardBytes))
}

/** Convolutions are not quantised: the autoencoder's weights stay floats. */
function floatTypeOf(dtype: WeightType): WeightType {
  return dtype === 'f16' ? 'f16' : 'f32'
}

async function writeRest(
  checkpoint: Checkpoint,
  folder: OutputFolder,
  networks: readonly PlannedNetwork[],
  { encoder, name, source, command }: ConvertOptions,
): Promise<void> {
  const { tokenizer, learnedEmbeddings, scheduler } = checkpoint
  await folder.write(paths.scheduler, json(scheduler))
  if (tokenizer) await folder.write(paths.tokenizer, clipTokenizerJson(tokenizer, checkpoint.textLength!))
  if (learnedEmbeddings) await folder.write(paths.learnedEmbeddings, littleEndian(learnedEmbeddings.data))
  await folder.write(paths.index, json(modelIndexOf(checkpoint, { encoder })))
  const { version } = createRequire(import.meta.url)('vq-diffusion-webgpu/package.json') as { version: string }
  const cardNetworks = networks.map(({ graph, path, bytes }) => {
    const quantised = graph.constants.some(({ dataType }) => dataType === 'uint8')
    return {
      name: graph.name.replace('_', ' '),
      path,
      bytes,
      dtype: quantised || graph.options.dtype === 'f16' ? graph.options.dtype : 'f32',
    }
  })
  await folder.writeText(paths.card, modelCard(checkpoint, { name, source, version, command, networks: cardNetworks }))
  const files = [...folder.facts].sort(([a], [b]) => (a < b ? -1 : 1))
  await folder.write(paths.manifest, json({ files: Object.fromEntries(files) }))
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** The floats as files have them; every machine that Node runs on is little-endian. */
function littleEndian(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** A size such as 512MB. Throws OptionError. */
export function shardBytesOf(text: string): number {
  const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?)\s*(B|[kM]i?B|Gi?B)?$/i.exec(text) ?? []
  const factors: Record<string, number> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 }
  const bytes = Math.floor(Number(number) * factors[unit.toLowerCase()]!)
  // Browsers hold a file in one ArrayBuffer, of less than 2 GiB in many.
  if (!(bytes >= 1 && bytes < 2 ** 31))
    throw new OptionError(`--shard-size needs to be a size below 2 GiB, such as 512MB; given ${text}.`)
  return bytes
}
