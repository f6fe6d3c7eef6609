/** Measures a step beside its peers in headless Chromium: `npm run bench -- --help`. */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { onPage } from './bench_page.mjs'
import { librarySize } from './library_size.mjs'

/** What the page and the command share is TypeScript, so Vite loads it here too. */
const { module } = await runnerImport(fileURLToPath(new URL('../bench/command.ts', import.meta.url)))

process.exitCode = await module.command(process.argv.slice(2), async (options) => {
  const { figures, ...measured } = await onPage('index.html', (page) =>
    page.evaluate((given) => window.bench(given), options),
  )
  return { ...measured, figures: { ...figures, gzip_kb: await gzipFigure() } }
})

async function gzipFigure() {
  try {
    const { bytes, files } = await librarySize()
    return { value: bytes / 1000, note: files.join(', ') }
  } catch (error) {
    return { value: null, note: error.message }
  }
}
