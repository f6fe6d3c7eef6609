/** Draws bench/plots/*.svg from what `npm run bench -- --json FILE` wrote: `npm run bench:plots -- FILE.json …`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onPage } from './bench_page.mjs'

const folder = fileURLToPath(new URL('../bench/plots/', import.meta.url))
const files = process.argv.slice(2)

try {
  const reports = await Promise.all(files.map(readReport))
  if (reports.length === 0) throw new Error('Give the JSON of one or more runs: npm run bench:plots -- FILE.json')
  await mkdir(folder, { recursive: true })
  await onPage('plots.html', async (page) => {
    for (const [i, report] of reports.entries()) {
      const plots = await page.evaluate((given) => window.drawPlots(given), report)
      for (const [name, svg] of Object.entries(plots)) {
        const file = join(folder, `${basename(files[i], '.json')}-${name}.svg`)
        await writeFile(file, `${svg}\n`)
        console.log(file)
      }
    }
  })
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

async function readReport(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new Error(`${file} is not what npm run bench -- --json writes: ${cause.message}`, { cause })
  }
}
