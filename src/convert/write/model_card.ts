import type { Checkpoint } from '../checkpoint/checkpoint'
import { bytesText } from './output_folder'

/** What the card says of one network. */
export interface CardNetwork {
  readonly name: string
  readonly path: string
  /** With its weights. */
  readonly bytes: number
  readonly dtype: string
}

export interface CardFacts {
  readonly name: string
  readonly source: string
  readonly version: string
  readonly command: string
  readonly networks: readonly CardNetwork[]
}

/** MODEL_CARD.md of a converted model. */
export function modelCard(checkpoint: Checkpoint, { name, source, version, command, networks }: CardFacts): string {
  const { config } = checkpoint.transformer
  const rows = networks.map(
    ({ name, path, bytes, dtype }) => `| ${name} | \`${path}\` | ${dtype} | ${bytesText(bytes)} |`,
  )
  return `# ${name}

A VQ-Diffusion model for [vq-diffusion-webgpu](https://www.npmjs.com/package/vq-diffusion-webgpu), converted from a checkpoint by
version ${version}:

\`\`\`sh
${command}
\`\`\`

| | |
| --- | --- |
| made from | ${checkpoint.description} |
| file or folder | \`${source}\` |
| takes | ${conditionText(checkpoint)} |
| latent pixels | ${config.latent_height} × ${config.latent_width}, of ${config.num_vector_embeds - 1} codes |
| timesteps | ${config.num_embeds_ada_norm} |

| network | file | weights | size |
| --- | --- | --- | ---: |
${rows.join('\n')}
${kindsText(checkpoint)}
## Licence

The converter does not know the licence of these weights, and conversion does not change it. Before you publish this folder, look
up the licence of the checkpoint where you downloaded it, that of its text encoder (CLIP of OpenAI in published models) if it has one,
and the terms of what it was trained with. Write them here.
`
}

function conditionText({ transformer: { config }, textLength }: Checkpoint): string {
  if (config.condition === 'none') return 'nothing: it draws what it was trained with'
  return config.condition === 'text' ? `a text of at most ${textLength} tokens` : `one of ${config.num_classes} classes`
}

/** What the tokens mean, where they are the result. */
function kindsText({ tokenKinds }: Checkpoint): string {
  if (!tokenKinds) return ''
  const rows = tokenKinds.map(
    ({ name, first, last }, column) => `| ${column} | ${name} | ${first} … ${last - 1} | ${last} |`,
  )
  return `
The tokens of a draw are the result. Each row of latent pixels is an element; its columns are

| column | kind | tokens | padding |
| ---: | --- | --- | ---: |
${rows.join('\n')}

An element with padding in any column is not there. The first token of a kind means its value 0.
`
}
