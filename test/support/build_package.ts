import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** The folder of the package that the tests build. */
export const packageFolder = fileURLToPath(new URL('../../node_modules/.cache/package-test/', import.meta.url))

/** Builds the package as `npm run build` does, without declarations. */
export default async function buildPackage(): Promise<void> {
  await build({
    configFile: fileURLToPath(new URL('../../vite.config.ts', import.meta.url)),
    mode: 'library',
    logLevel: 'error',
    build: { outDir: packageFolder },
  })
}
