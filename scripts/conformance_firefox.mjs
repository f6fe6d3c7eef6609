/** Runs the conformance page in Firefox: `npm run conformance:firefox -- DIR`. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runConformance } from './conformance_page.mjs'
import { installPackage } from './npm_package.mjs'
import { vulkanEnvironment } from './vulkan.mjs'

await runConformance(async () => {
  const executablePath = findFirefox()
  const puppeteer = await importPuppeteer()
  return puppeteer.launch({
    browser: 'firefox',
    executablePath,
    env: await vulkanEnvironment(),
    // Firefox offers no software adapter unasked.
    extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
    // One evaluation lasts as long as all the cases.
    protocolTimeout: 0,
  })
})

/** The one in FIREFOX_PATH, else one that is installed. */
function findFirefox() {
  const onPath = process.env.PATH.split(delimiter).flatMap((folder) =>
    ['firefox', 'firefox-esr', 'firefox.exe'].map((name) => join(folder, name)),
  )
  const candidates = [
    ...onPath,
    '/Applications/Firefox.app/Contents/MacOS/firefox',
    'C:/Program Files/Mozilla Firefox/firefox.exe',
  ]
  const executable = process.env.FIREFOX_PATH ?? candidates.find((path) => existsSync(path))
  if (!executable)
    throw new Error('No Firefox was found: install it (Debian: firefox-esr), or set FIREFOX_PATH to its executable.')
  return executable
}

/** Playwright drives only its own build of Firefox. 24 is the last of Puppeteer for Node 20. */
async function importPuppeteer() {
  const folder = await installPackage('puppeteer-core', '24.43.1')
  const { default: puppeteer } = await import(pathToFileURL(join(folder, 'lib/esm/puppeteer/puppeteer-core.js')).href)
  return puppeteer
}
