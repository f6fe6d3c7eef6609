import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toFloat16 } from '../../../src/convert/onnx/float16'
import { Named, Saved, writeTorchArchive } from '../../support/checkpoint_files'
import { clipVocabulary } from './clip_vocabulary'
import type { ModelShape } from './models'
import { countOf, type Shapes, shapesOf, storageOf } from './network_tensors'

/** The authors' names of files, as the command takes them. */
export const authorsFiles = { model: 'model.pth', vqvae: 'vqvae.pth', tokenizer: 'tokenizer' } as const

/**
 * Writes a checkpoint of the authors' code, of random weights: the `.pth` with averaged weights and an optimizer, the file of
 * taming's GumbelVQ, and CLIP's vocabulary. The averaged weights share the storages of the others, to save disk.
 */
export async function writeAuthorsFiles(folder: string, model: ModelShape): Promise<void> {
  const shapes = shapesOf(model)
  const levels = model.vqvae.block_out_channels.length
  const diffusion = new Map([
    ...[...shapes.transformer].map(([name, shape]): [string, Saved] => [
      `transformer.${renamed(name, transformerRules)}`,
      saved(name, shape),
    ]),
    ...textEncoderState(shapes.textEncoder),
  ])
  const codec = new Map(
    [...shapes.vqvae].map(([name, shape]): [string, Saved] => [
      renamed(name, codecRules).replace(/^decoder\.up\.(\d+)\./, (_, level) => `decoder.up.${levels - 1 - level}.`),
      // Its linear layers are convolutions.
      saved(name, /\.to_|\.proj\./.test(name) && shape.length === 2 ? [...shape, 1, 1] : shape),
    ]),
  )
  await mkdir(join(folder, authorsFiles.tokenizer), { recursive: true })
  const optimizer = new Named('torch.optim.adamw', 'AdamW', [new Named('numpy', 'dtype', ['f8'])])
  const checkpoint = {
    last_epoch: 9,
    last_iter: 99,
    model: new Map([...diffusion].map(([name, tensor]) => [`transformer.${name}`, tensor])),
    ema: diffusion,
    optimizer_and_scheduler: optimizer,
  }
  await writeTorchArchive(join(folder, authorsFiles.model), new Map<string, unknown>(Object.entries(checkpoint)))
  await writeTorchArchive(join(folder, authorsFiles.vqvae), new Map([['state_dict', codec]]))
  const { vocab, merges } = clipVocabulary(model.textEncoder.vocab_size)
  await writeFile(join(folder, authorsFiles.tokenizer, 'vocab.json'), vocab)
  await writeFile(join(folder, authorsFiles.tokenizer, 'merges.txt'), merges)
}

const saved = (name: string, shape: readonly number[]) =>
  new Saved(storageOf([[name, shape]]), shape, { type: 'FloatStorage', count: countOf(shape) })

type Rule = readonly [pattern: RegExp, replacement: string]

const renamed = (name: string, rules: readonly Rule[]) =>
  rules.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name)

const transformerRules: readonly Rule[] = [
  [/^latent_image_embedding\./, 'content_emb.'],
  [/^transformer_blocks\./, 'blocks.'],
  [/\.norm1\./, '.ln1.'],
  [/\.norm2\./, '.ln1_1.'],
  [/\.norm3\./, '.ln2.'],
  [/\.to_q\./, '.query.'],
  [/\.to_k\./, '.key.'],
  [/\.to_v\./, '.value.'],
  [/\.to_out\.0\./, '.proj.'],
  [/\.ff\.net\.0\.proj\./, '.mlp.0.'],
  [/\.ff\.net\.2\./, '.mlp.2.'],
  [/^norm_out\./, 'to_logits.0.'],
  [/^out\./, 'to_logits.1.'],
]

const clipRules: readonly Rule[] = [
  [/^text_model\./, 'condition_emb.'],
  [/\.embeddings\.token_embedding\./, '.token_embedding.'],
  [/\.embeddings\.position_embedding\.weight$/, '.positional_embedding'],
  [/\.final_layer_norm\./, '.ln_final.'],
  [/\.encoder\.layers\./, '.transformer.resblocks.'],
  [/\.self_attn\.out_proj\./, '.attn.out_proj.'],
  [/\.layer_norm1\./, '.ln_1.'],
  [/\.layer_norm2\./, '.ln_2.'],
  [/\.mlp\.fc1\./, '.mlp.c_fc.'],
  [/\.mlp\.fc2\./, '.mlp.c_proj.'],
]

const codecRules: readonly Rule[] = [
  [/\.down_blocks\./, '.down.'],
  [/\.up_blocks\./, '.up.'],
  [/\.mid_block\.resnets\.0\./, '.mid.block_1.'],
  [/\.mid_block\.resnets\.1\./, '.mid.block_2.'],
  [/\.mid_block\.attentions\.0\./, '.mid.attn_1.'],
  [/\.resnets\./, '.block.'],
  [/\.attentions\./, '.attn.'],
  [/\.(up|down)samplers\.0\.conv\./, '.$1sample.conv.'],
  [/\.conv_norm_out\./, '.norm_out.'],
  [/\.conv_shortcut\./, '.nin_shortcut.'],
  [/\.group_norm\./, '.norm.'],
  [/\.to_([qkv])\./, '.$1.'],
  [/\.to_out\.0\./, '.proj_out.'],
  [/^quantize\.embedding\./, 'quantize.embed.'],
]

/** CLIP by OpenAI's names: queries, keys and values in one weight, and float16 but for norms and embeddings. */
function textEncoderState(shapes: Shapes): Map<string, Saved> {
  const state = new Map<string, Saved>()
  for (const [name, shape] of shapes) {
    const query = /^text_model\.encoder\.layers\.(\d+)\.self_attn\.q_proj\.(weight|bias)$/.exec(name)
    const parts = ['q', 'k', 'v'].map((part) => [name.replace('.q_proj.', `.${part}_proj.`), shape] as const)
    const [layer, kind] = query?.slice(1) ?? []
    if (query)
      state.set(
        `condition_emb.transformer.resblocks.${layer}.attn.in_proj_${kind}`,
        half(parts, [3 * shape[0]!, ...shape.slice(1)]),
      )
    else if (/\.(mlp|out_proj)\b/.test(name)) state.set(renamed(name, clipRules), half([[name, shape]], shape))
    else if (!/\.[kv]_proj\./.test(name)) state.set(renamed(name, clipRules), saved(name, shape))
  }
  const width = shapes.get('text_model.final_layer_norm.bias')![0]!
  // Of CLIP's comparison with pictures, not used here.
  const projection = [width, width]
  return state.set('condition_emb.text_projection', half([['text_projection', projection]], projection))
}

const half = (weights: Parameters<typeof storageOf>[0], shape: readonly number[]) =>
  new Saved(storageOf(weights, 2, toFloat16), shape, { type: 'HalfStorage', count: countOf(shape) })
