import { it } from 'vitest'
import { withErrorScopes } from './error_scopes'

/** A test inside error scopes of a device; one that draws many tokens may need a longer timeout than the default. */
export function gpuTest(device: GPUDevice, name: string, work: () => Promise<void>, timeout?: number): void {
  it(name, () => withErrorScopes(device, work), timeout)
}
