import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { requireRightAttention } from './attention'
import { OnnxRuntimeError } from './runtime_error'

const model = (name: string) => new Uint8Array(readFileSync(`test/models/tiny/${name}.onnx`))
const device = (adapterInfo: Partial<GPUAdapterInfo> | undefined, ...features: string[]) =>
  ({ adapterInfo, features: new Set(features) }) as unknown as GPUDevice

describe('attention in one operator', () => {
  it('is refused where onnxruntime-web computes it wrongly', () => {
    const check = () => requireRightAttention(model('attention'), device({ subgroupMinSize: 4 }, 'subgroups'))
    expect(check).toThrow(OnnxRuntimeError)
    expect(check).toThrow("'subgroups' where these may be smaller than 8; those of the device have 4")
  })

  it.each([
    ['without the feature', 'attention', device({ subgroupMinSize: 4 })],
    ['with large subgroups', 'attention', device({ subgroupMinSize: 8 }, 'subgroups')],
    ['of a browser that does not tell', 'attention', device(undefined, 'subgroups')],
    ['for a model without it', 'decoder', device({ subgroupMinSize: 4 }, 'subgroups')],
  ])('is no matter on a device %s', (_, name, given) => {
    expect(() => requireRightAttention(model(name), given)).not.toThrow()
  })
})
