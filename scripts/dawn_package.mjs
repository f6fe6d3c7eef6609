import { installPackage } from './npm_package.mjs'

/** The package that holds Dawn for Node on every platform; gives its folder. */
export function installDawn() {
  return installPackage('webgpu', '0.6.2')
}
