import { readFile } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { fixturesFolder } from './fixtures_folder.mjs'
import { runPage } from './test_page.mjs'

/** Runs the conformance page in a browser. */
export async function runConformance(launch) {
  try {
    const { passed, failed, skipped } = await runPage(launch, {
      path: 'test/conformance/index.html',
      plugins: [serveFixtures(fixturesFolder())],
    })
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
    process.exitCode = failed > 0 || passed === 0 ? 1 : 0
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}

/** Serves the files of a folder under /fixtures/. */
function serveFixtures(folder) {
  const base = folder + sep
  return {
    name: 'fixtures',
    configureServer(server) {
      server.middlewares.use('/fixtures/', async (request, response) => {
        const file = resolve(base, `.${decodeURIComponent(new URL(request.url, 'http://localhost').pathname)}`)
        const content = file.startsWith(base) && (await readFile(file).catch(() => undefined))
        response.statusCode = content ? 200 : 404
        response.end(content || undefined)
      })
    },
  }
}
