import { CheckpointError } from '../../errors'
import { quoted, shapeText } from '../../value_text'
import { transformerWeights, weightsOfNetwork } from './architecture'
import type { AuthorsFiles } from './authors'
import { layoutMark, layoutNames, withoutPrefix } from './authors_names'
import type { ByteSource, Checkpoint, Network, TokenKind, TransformerConfig } from './checkpoint'
import { readLayoutSettings } from './layoutdm_settings'
import { type LinearSchedule, scheduleOf } from './schedule_buffers'
import { rowsOf, type StoredTensor, type Tensors, zeros } from './tensors'
import { readDictionary, stateDict } from './weight_files'

/**
 * A checkpoint of LayoutDM (github.com/CyberAgentAILab/layout-dm): a transformer over the tokens of layouts, whose schedule is
 * one for each kind of token. Its classes get an order in which those of each kind are adjacent, with a copy of the padding
 * for each: the class ranges of the scheduler (docs/MATH.md#class-ranges). Takes over the files. Rejects CheckpointError.
 *
 * @param files only `config`: its config.yaml, for other heads than those of the published models
 */
export async function openLayout(file: ByteSource, files: AuthorsFiles = {}): Promise<Checkpoint> {
  const close = async () => {
    await Promise.all([file, files.config].map((source) => source?.close()))
  }
  try {
    for (const name of ['vqvae', 'mapping', 'tokenizer'] as const)
      if (files[name])
        throw new CheckpointError(`${file.name} is a checkpoint of LayoutDM, which takes no --${name}.`, file.name)
    return { ...(await readLayout(file, files.config)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function readLayout(source: ByteSource, config: ByteSource | undefined): Promise<Omit<Checkpoint, 'close'>> {
  const { name: file } = source
  const settings = config ? await readLayoutSettings(config) : {}
  const whole = await readDictionary(source)
  const tensors = withoutPrefix(stateDict(file, whole), 'model.module.')
  const kinds = await kindsOf(file, tensors)
  const { elements, schedule } = kinds
  const transformer = transformerOf(file, tensors, kinds, settings.heads ?? 8)
  let first = 0
  const tokenKinds = kinds.classes.map((classes, i): TokenKind => {
    const start = first
    first += classes.length
    return { name: kindNames[kinds.keys[i]!]!, first: start, last: first - 1 }
  })
  return {
    description: `a checkpoint of LayoutDM: layouts of ${elements} elements, ${kinds.classes[0]!.length - 1} labels`,
    transformer,
    tokenKinds,
    scheduler: {
      _class_name: 'VQDiffusionScheduler',
      num_vec_classes: first + 1,
      ...schedule,
      class_range: Array.from({ length: elements }, () => tokenKinds.map(({ first, last }) => [first, last])).flat(),
    },
  }
}

const kindNames: Readonly<Record<string, string>> = {
  c: 'label',
  x: 'centre x',
  y: 'centre y',
  w: 'width',
  h: 'height',
}

/** What the buffers of the schedules tell. */
interface LayoutKinds {
  /** Of the kinds of tokens, in the order in which an element has them. */
  readonly keys: readonly string[]
  /** Their classes in the checkpoint, the padding last. */
  readonly classes: readonly (readonly number[])[]
  readonly elements: number
  /** The same for all kinds, but for the number of classes. */
  readonly schedule: LinearSchedule
}

async function kindsOf(file: string, tensors: Tensors): Promise<LayoutKinds> {
  const refuse: (what: string) => never = (what) => {
    throw new CheckpointError(`${file} ${what}.`, file)
  }
  // A state dict has them in the order of the variables (var_order).
  const keys = [...tensors.keys()].flatMap((name) => /^([cxywh])_log_cumprod_at$/.exec(name)?.[1] ?? [])
  if (keys.length === 0 && tensors.has('log_cumprod_at'))
    refuse(
      'has one schedule for all kinds of tokens (q_type: vanilla), which is not supported; published models have one for each',
    )
  if (keys[0] !== 'c' || [...keys].sort().join('') !== 'chwxy')
    refuse(`needs the schedules of the kinds c, x, y, w and h; it has {${keys.join(', ')}}`)
  const table = tensors.get('transformer.cat_emb.weight')?.shape ?? []
  const [total = 0, width = 0] = table
  // A table without columns may have any number of rows.
  if (table.length !== 2 || width === 0)
    refuse(`needs the weight ${quoted(layoutMark)} of two axes; given ${shapeText(table)}`)
  const elements = tensors.get('transformer.pos_emb.elem_emb')?.shape[0]
  if (elements === undefined)
    refuse('lacks the weight "model.module.transformer.pos_emb.elem_emb": other positions (pos_emb) are not supported')
  const timesteps = tensors.get('transformer.backbone.layers.0.norm1.emb.weight')?.shape[0]
  if (timesteps === undefined)
    refuse('needs timesteps that are embedded by tables (timestep_type: adalayernorm), as in published models')
  const schedules = await Promise.all(keys.map((key) => scheduleOf(file, tensors, `${key}_`, timesteps)))
  const sizes = schedules.map((schedule) => schedule!.classes)
  if (new Set(schedules.map((schedule) => JSON.stringify(schedule!.config))).size > 1)
    refuse('has schedules that differ in more than the number of classes, which is not supported')
  const [labels, bins] = [sizes[0]! - 1, sizes[1]! - 1]
  // The special classes are the padding and the mask; the four quantities have classes of their own or the same.
  const own = total === labels + 4 * bins + 2
  const isKnown = Number.isSafeInteger(total) && labels > 0 && bins > 0 && (own || total === labels + bins + 2)
  if (!isKnown || sizes.slice(1).some((size) => size !== bins + 1))
    refuse(`has ${total} classes, which its schedules of ${shapeText(sizes)} classes do not explain`)
  const padding = total - 2
  const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
  const places: Readonly<Record<string, number>> = { x: 0, y: 1, w: 2, h: 3 }
  const classes = keys.map((key) => [
    ...(key === 'c' ? range(0, labels) : range(labels + (own ? places[key]! * bins : 0), bins)),
    padding,
  ])
  return { keys, classes, elements, schedule: schedules[0]!.config }
}

function transformerOf(
  file: string,
  tensors: Tensors,
  { keys, classes, elements, schedule }: LayoutKinds,
  heads: number,
): Network<TransformerConfig> {
  const table = tensors.get('transformer.cat_emb.weight')!
  const [total = 0, width = 0] = table.shape
  if (width % heads !== 0)
    throw new CheckpointError(
      `${file} has the width ${width}, no multiple of ${heads} heads: give its config.yaml (--config).`,
      file,
    )
  let layers = 0
  while (tensors.has(`transformer.backbone.layers.${layers}.linear1.weight`)) layers++
  const codes = classes.flat()
  const config: TransformerConfig = {
    num_attention_heads: heads,
    attention_head_dim: width / heads,
    num_layers: layers,
    num_vector_embeds: codes.length + 1,
    num_embeds_ada_norm: schedule.num_train_timesteps,
    attention_bias: true,
    latent_height: elements,
    latent_width: keys.length,
    ff_mult: (tensors.get('transformer.backbone.layers.0.linear1.weight')?.shape[0] ?? 0) / width,
    feed_forward: 'linear',
    activation: 'relu',
    condition: 'none',
    sequence: 'by rows',
  }
  const head = tensors.get('transformer.head.1.weight')
  for (const [name, tensor] of [
    ['cat_emb', table],
    ['head.1', head],
  ] as const)
    if (tensor?.shape.length !== 2 || tensor.shape[0] !== total)
      throw new CheckpointError(
        `${file} needs the weight ${quoted(`model.module.transformer.${name}.weight`)} of ${total} rows; ` +
          `given ${shapeText(tensor?.shape ?? [])}.`,
        file,
      )
  const named = new Map<string, StoredTensor>(layoutNames(withoutPrefix(tensors, 'transformer.')))
  named.set('latent_image_embedding.emb.weight', rowsOf(table, [...codes, total - 1]))
  named.set('out.weight', rowsOf(head!, codes))
  // The last layer has no bias.
  named.set('out.bias', zeros([codes.length]))
  const weights = weightsOfNetwork(file, 'the transformer', named, transformerWeights(config), /^$/)
  const columns = weights.shapes.get('latent_image_embedding.width_emb.weight')![0]!
  if (columns !== keys.length)
    throw new CheckpointError(
      `${file} has positions of ${columns} kinds of tokens, and schedules of ${keys.length}.`,
      file,
    )
  return { config, weights }
}
