import { CheckpointError } from '../../errors'
import { quoted, shapeText } from '../../value_text'
import { vqvaeWeights, weightsOfNetwork } from './architecture'
import { codecNames, levelsOf } from './authors_names'
import type { Autoencoder, ByteSource, VqvaeConfig } from './checkpoint'
import { publishedMapping } from './published_mappings'
import { countOf, type StoredTensor, type Tensors } from './tensors'
import { readTorch, TorchTensor } from './torch'
import { readDictionary, stateDict, weightFormat } from './weight_files'

/** What of the autoencoder is in files of its own. */
export interface AutoencoderFiles {
  /** Its weights, such as ithq_vqvae.pth or taming_f8_8192_openimages_last.pth, unless the checkpoint has them. */
  readonly vqvae?: ByteSource
  /** `full_to_quantize`, such as help_folder/statistics/taming_vqvae_2887.pt; those that were published are known. */
  readonly mapping?: ByteSource
}

/**
 * The autoencoder, of a file of its own or in the checkpoint, and which of its entries the model's codes are. Rejects
 * CheckpointError.
 */
export async function autoencoderOf(
  file: ByteSource,
  all: Tensors,
  files: AutoencoderFiles,
  numCodes: number,
): Promise<Autoencoder> {
  const source = files.vqvae ?? file
  const tensors = codecOf(files.vqvae ? await codecFile(files.vqvae) : all)
  if (!tensors.has('decoder.conv_in.weight'))
    throw new CheckpointError(
      files.vqvae
        ? `${source.name} holds no autoencoder: it needs the weight "decoder.conv_in.weight".`
        : `${source.name} does not hold the autoencoder: give its file as well (--vqvae), such as ithq_vqvae.pth.`,
      source.name,
    )
  const named = codecNames(tensors)
  const config = vqvaeConfig(source.name, tensors, named)
  const encoderWidth = named.get('encoder.conv_in.weight')?.shape[0] ?? 0
  // Statistics of the quantizer's training.
  const unused = /^quantize\.(?!embedding\.weight$|proj\.)/
  const weights = weightsOfNetwork(source.name, 'the autoencoder', named, vqvaeWeights(config, encoderWidth), unused)
  const codesOfEntries = await mappingOf(source.name, files.mapping, config.num_vq_embeddings, numCodes)
  if (!codesOfEntries) return { config, weights }
  // The first entry of each code, as taming_gumbel_vqvae.py chooses.
  const codes = new Int32Array(numCodes).fill(-1)
  for (const [entry, code] of codesOfEntries.entries()) if (codes[code] === -1) codes[code] = entry
  if (codes.includes(-1))
    throw new CheckpointError(
      `${files.mapping?.name} has no entry of the codebook for code ${codes.indexOf(-1)}.`,
      source.name,
    )
  return { config, weights, codes, codesOfEntries }
}

/** The state dict of a file: the authors' `model`, taming's `state_dict`, or the file itself. */
async function codecFile(source: ByteSource): Promise<Tensors> {
  const whole = await readDictionary(source)
  const inner = whole.get('model') ?? whole.get('state_dict') ?? whole
  return stateDict(source.name, inner)
}

const codecPart =
  /^(?:content_codec\.(?:(?:enc|dec)\.)?|first_stage_model\.)?((?:encoder|decoder|quant_conv|post_quant_conv|quantize)\..*)$/

/** Only what belongs to the autoencoder, not its discriminator, nor the transformer beside it. */
function codecOf(tensors: Tensors): Tensors {
  const found = new Map<string, StoredTensor>()
  for (const [name, tensor] of tensors) {
    const part = codecPart.exec(name)?.[1]
    if (part) found.set(part, tensor)
  }
  return found
}

function vqvaeConfig(file: string, tensors: Tensors, named: Tensors): VqvaeConfig {
  const size = (name: string, axis: number) => {
    const found = named.get(name)?.shape[axis]
    if (found === undefined) throw new CheckpointError(`${file} lacks the autoencoder's weight ${quoted(name)}.`, file)
    return found
  }
  const levels = Array.from({ length: levelsOf(tensors) }, (_, level) => level)
  if (levels.length === 0) throw new CheckpointError(`${file} holds no encoder of taming-transformers.`, file)
  let layers = 0
  while (named.has(`encoder.down_blocks.0.resnets.${layers}.conv2.weight`)) layers++
  const hasAttention = (blocks: string) =>
    levels.map((level) => named.has(`${blocks}.${level}.attentions.0.to_q.weight`))
  const widths = levels.map((level) => size(`encoder.down_blocks.${level}.resnets.0.conv2.weight`, 0))
  // Normalize of taming-transformers.
  const groups = 32
  if (widths.some((width) => width % groups !== 0))
    throw new CheckpointError(
      `${file} has an autoencoder of the widths ${shapeText(widths)}, not all multiples of 32.`,
      file,
    )
  return {
    in_channels: size('encoder.conv_in.weight', 1),
    out_channels: size('decoder.conv_out.weight', 0),
    block_out_channels: widths,
    down_attention: hasAttention('encoder.down_blocks'),
    up_attention: hasAttention('decoder.up_blocks'),
    layers_per_block: layers,
    latent_channels: size('decoder.conv_in.weight', 1),
    vq_embed_dim: size('post_quant_conv.weight', 1),
    num_vq_embeddings: size('quantize.embedding.weight', 0),
    norm_num_groups: groups,
    quantizer: named.has('quantize.proj.weight') ? 'projection' : 'nearest',
  }
}

/** The code of every entry of the codebook; undefined if they are the same. */
async function mappingOf(
  codec: string,
  mapping: ByteSource | undefined,
  entries: number,
  codes: number,
): Promise<Int32Array | undefined> {
  if (entries === codes && !mapping) return undefined
  const published = mapping ? undefined : publishedMapping(entries, codes)
  if (published) return published
  if (!mapping)
    throw new CheckpointError(
      `${codec} has a codebook of ${entries} entries, and the transformer ${codes} codes: it is another autoencoder, or ` +
        'the file that maps its entries to codes is needed (--mapping).',
      codec,
    )
  await weightFormat(mapping)
  const tensor = await readTorch(mapping, 'refuse')
  if (!(tensor instanceof TorchTensor) || tensor.shape.length !== 1 || countOf(tensor.shape) !== entries)
    throw new CheckpointError(`${mapping.name} needs to hold one tensor of ${entries} codes.`, mapping.name)
  const values = await tensor.read()
  if (!values.every((code) => Number.isInteger(code) && code >= 0 && code < codes))
    throw new CheckpointError(`${mapping.name} needs codes from 0 to ${codes - 1}.`, mapping.name)
  return Int32Array.from(values)
}
