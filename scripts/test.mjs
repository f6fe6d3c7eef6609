/**
 * The test command: the unit and browser tests, then the demo end to end, which is built meanwhile; the last line printed
 * counts them all.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBrowser } from './browser.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const reports = await mkdtemp(join(tmpdir(), 'vq-diffusion-webgpu-'))
const vitestReport = join(reports, 'vitest.json')
const playwrightReport = join(reports, 'playwright.json')

const runners = [
  {
    script: 'vitest/vitest.mjs',
    args: ['run', '--project=!networks', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`],
    report: vitestReport,
    count: ({ numPassedTests, numFailedTests, numPendingTests, numTodoTests }) => ({
      passed: numPassedTests,
      failed: numFailedTests,
      skipped: numPendingTests + numTodoTests,
    }),
  },
  {
    script: '@playwright/test/cli.js',
    args: ['test', '--reporter=list,json'],
    report: playwrightReport,
    needsDemo: true,
    count: ({ stats }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky,
      skipped: stats.skipped,
    }),
  },
]

/**
 * Builds the demo.
 *
 * @returns {Promise<boolean>} whether it was built; if not, Playwright's server builds it again and shows why
 */
async function buildDemo() {
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const child = spawn(process.execPath, [vite, 'build'], { cwd: root, stdio: 'ignore' })
  return (await new Promise((resolve) => child.on('close', resolve))) === 0
}

/** Runs one test runner to its end; one that fails without a failed test (a crash, no tests) counts as one failure. */
async function run({ script, args, report, count }, env) {
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    env: { ...process.env, ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const exitCode = await new Promise((resolve) => child.on('close', resolve))
  const text = await readFile(report, 'utf8').catch(() => undefined)
  const counts = text ? count(JSON.parse(text)) : { passed: 0, failed: 0, skipped: 0 }
  return exitCode === 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) }
}

const total = { passed: 0, failed: 0, skipped: 0 }
try {
  const { executablePath, env } = await findBrowser()
  const built = buildDemo()
  for (const runner of runners) {
    const demo = runner.needsDemo && (await built) ? { DEMO_BUILT: '1' } : {}
    const counts = await run(runner, { ...env, ...demo, CHROMIUM_PATH: executablePath })
    for (const key of Object.keys(total)) total[key] += counts[key]
  }
} catch (error) {
  console.error(error.message)
  total.failed += 1
} finally {
  await rm(reports, { recursive: true, force: true })
}

console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
