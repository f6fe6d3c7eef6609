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
| takes | ${config.condition === 'text' ? `a text of at most ${checkpoint.textLength} tokens` : `one of ${config.num_classes} classes`} |
| latent pixels | ${config.latent_height} × ${config.latent_width}, of ${config.num_vector_embeds - 1} codes |
| timesteps | ${config.num_embeds_ada_norm} |

| network | file | weights | size |
| --- | --- | --- | ---: |
${rows.join('\n')}

## Licence

The converter does not know the licence of these weights, and conversion does not change it. Before you publish this folder, look
up the licence of the checkpoint where you downloaded it, that of its text encoder (CLIP of OpenAI in published models), and the terms
of the pictures that it was trained with. Write them here.
`
}
