import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright'

/**
 * What a headless Chromium needs for WebGPU on any machine, one without a GPU included: SwiftShader is the same
 * adapter everywhere, so results do not depend on the hardware.
 */
export const browserArgs = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // Clears workgroup memory by a loop in the shader. By Vulkan's extension SwiftShader emits an instruction for each element,
  // and the kernels of a step take 1.6 to 3 times as long to compile.
  '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

const sparticuz = '@sparticuz/chromium@153.0.0'
const cache = fileURLToPath(new URL('../node_modules/.cache/vq-diffusion-webgpu/', import.meta.url))
const unpacked = join(cache, 'chromium')

/** Where the npm package unpacked the shared libraries and fonts that a bare container lacks. */
const packagedLibraries = { LD_LIBRARY_PATH: join(unpacked, 'al2023/lib'), FONTCONFIG_PATH: join(unpacked, 'fonts') }

/** Each source gives { executablePath, env? } or nothing; those that download come last. */
const sources = [fromEnvironment, installed, bundled, fetchedBefore, downloadBundled, installPackage, fetchFromNpm]

/**
 * Finds a Chromium that can run WebGPU, or gets one.
 *
 * @returns {Promise<{ executablePath: string, args: string[], env?: NodeJS.ProcessEnv }>} what Playwright's launch() takes
 * @throws {Error} if CHROMIUM_PATH names no file, or if there is no browser and none can be fetched
 */
export async function findBrowser() {
  for (const source of sources) {
    const browser = await source()
    if (browser) return { args: browserArgs, ...browser }
  }
  throw new Error(
    'No Chromium was found and none could be fetched: install Chrome or Chromium, or set CHROMIUM_PATH to its executable.',
  )
}

function fromEnvironment() {
  const executablePath = process.env.CHROMIUM_PATH
  if (!executablePath) return
  if (!existsSync(executablePath))
    throw new Error(`CHROMIUM_PATH is ${executablePath}, but there is no such file: set it to a Chromium executable.`)
  return { executablePath }
}

function installed() {
  const onPath = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const programs = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
  const candidates =
    {
      darwin: [
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        '/Applications/Chromium.app/Contents/MacOS/Chromium',
        '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
      ],
      win32: ['Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe'].flatMap((path) =>
        programs.filter(Boolean).map((folder) => join(folder, path)),
      ),
    }[process.platform] ??
    onPath.flatMap((name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name)))
  return existing(...candidates)
}

function bundled() {
  return existing(chromium.executablePath())
}

function fetchedBefore() {
  const browser = existing(join(unpacked, 'chromium'))
  return browser && { ...browser, env: { ...process.env, ...packagedLibraries } }
}

function downloadBundled() {
  const playwright = fileURLToPath(import.meta.resolve('playwright'))
  succeeds(process.execPath, [join(playwright, '../cli.js'), 'install', 'chromium', '--no-shell'])
  return announce("Playwright's own Chromium", bundled())
}

function installPackage() {
  // Ubuntu's package of this name only points to a snap, which needs a running snapd.
  const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  const debian = /debian/i.test(system) && !/ubuntu/i.test(system)
  if (!debian || process.getuid() !== 0) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  succeeds('apt-get', ['update'], { env }) &&
    succeeds('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'], { env })
  return announce("Debian's chromium package", installed())
}

async function fetchFromNpm() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return
  if (!succeeds('npm', ['install', '--no-save', '--no-package-lock', '--prefix', cache, sparticuz])) return
  const folder = join(cache, 'node_modules/@sparticuz/chromium')
  const partial = `${unpacked}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial)
  const { default: pack, inflate } = await import(pathToFileURL(join(folder, 'build/index.js')).href)
  // The package unpacks into the temporary folder, wherever that is.
  const temporary = process.env.TMPDIR
  process.env.TMPDIR = partial
  try {
    await pack.executablePath()
    await inflate(join(folder, 'bin/al2023.tar.br'))
  } finally {
    if (temporary === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = temporary
  }
  await rename(partial, unpacked)
  return announce(`${sparticuz} from npm`, fetchedBefore())
}

/** @returns {{ executablePath: string } | undefined} the first of the paths that exists */
function existing(...paths) {
  const executablePath = paths.find((path) => existsSync(path))
  return executablePath && { executablePath }
}

function announce(name, browser) {
  if (browser) console.log(`Using ${name}: ${browser.executablePath}`)
  return browser
}

function succeeds(command, args, options) {
  return spawnSync(command, args, { stdio: 'ignore', ...options }).status === 0
}
