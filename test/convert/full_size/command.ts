import { mkdir } from 'node:fs/promises'
import { authorsFiles, writeAuthorsFiles } from './authors_files'
import { writeDiffusersFolder } from './diffusers_folder'
import { coco, ithq } from './models'

const usage = `Usage: node scripts/random_checkpoint.mjs ithq|coco OUT

Writes a checkpoint of random weights with the layout and the sizes of a published one: ITHQ as the folder of diffusers
(5.9 GB), COCO as the authors' files (2.0 GB).
`

/** Runs the command. @returns the exit code */
export async function command(args: readonly string[]): Promise<number> {
  const [name, out] = args
  if ((name !== 'ithq' && name !== 'coco') || out === undefined || args.length > 2) {
    process.stderr.write(usage)
    return 2
  }
  // Throws if there is something already.
  await mkdir(out)
  if (name === 'ithq') await writeDiffusersFolder(out, ithq)
  else await writeAuthorsFiles(out, coco)
  const { model, vqvae, tokenizer } = authorsFiles
  const source = name === 'ithq' ? out : `${out}/${model} --vqvae ${out}/${vqvae} --tokenizer ${out}/${tokenizer}`
  process.stdout.write(`npx vq-diffusion-webgpu convert ${source} ${out}-q4 --dtype q4\n`)
  return 0
}
