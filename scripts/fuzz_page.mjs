import { chromium } from 'playwright'
import { findBrowser } from './browser.mjs'
import { runPage } from './test_page.mjs'

/** Runs the page of the fuzz with these options in Chromium; the exit code says whether it passed. */
export async function runInChromium(options) {
  const { args, ...browser } = await findBrowser()
  const launch = () =>
    // The soak measures the heap after garbage collection.
    chromium.launch({ ...browser, args: [...args, '--js-flags=--expose-gc', '--enable-precise-memory-info'] })
  try {
    await runPage(launch, { path: 'test/fuzz/index.html', query: new URLSearchParams(options) })
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
