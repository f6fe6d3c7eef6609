import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Packs the packages into an empty temporary folder. The examples are copied to `examples/` in it, where their
 * dependencies `file:../../….tgz` lead to the packages, and nothing leads to the repository.
 */
export default async function pack() {
  const folder = await mkdtemp(join(tmpdir(), 'vq-diffusion-examples-'))
  const both = ['--workspace=vq-diffusion-emoji', '--include-workspace-root']
  execFileSync('npm', ['pack', ...both, '--silent', '--pack-destination', folder], { cwd: root, stdio: 'pipe' })
  process.env.EXAMPLES_FOLDER = folder
  return () => rm(folder, { recursive: true })
}
