import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { findBrowser } from './browser.mjs'

const driver = 'vk_swiftshader_icd.json'

/**
 * The environment in which a program on Linux finds a Vulkan adapter, without a GPU too: the SwiftShader of Chromium
 * joins the system's drivers, and Chromium's loader stands in where the system has none. A program reads it when it starts.
 *
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function vulkanEnvironment() {
  const { LD_LIBRARY_PATH, VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env
  if (process.platform !== 'linux' || VK_DRIVER_FILES || VK_ICD_FILENAMES) return process.env
  const { executablePath } = await findBrowser()
  // Debian's executable is a script that stands elsewhere.
  const folders = [dirname(realpathSync(executablePath)), '/usr/lib/chromium']
  const folder = folders.find((path) => existsSync(join(path, driver)))
  if (!folder) return process.env
  return {
    ...process.env,
    LD_LIBRARY_PATH: [LD_LIBRARY_PATH, folder].filter(Boolean).join(delimiter),
    VK_ADD_DRIVER_FILES: join(folder, driver),
  }
}
