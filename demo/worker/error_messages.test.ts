import { describe, expect, it } from 'vitest'
import { DeviceLostError } from 'vq-diffusion-webgpu'
import { deviceLost, explained, outOfMemory, sentence, stopped } from './error_messages'

describe('sentence', () => {
  it.each([
    new RangeError('Array buffer allocation failed'),
    new RangeError('WebAssembly.Memory(): could not allocate memory: Out of memory'),
    new Error('ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc'),
    new Error("Can't create a session. failed to allocate a buffer of size 20284974."),
  ])('knows that memory ran out: %s', (error) => {
    expect(sentence(error)).toBe(outOfMemory)
  })
  it.each([
    new DeviceLostError('gone'),
    new Error('[WebGPU] Device is lost.'),
    new DOMException('Instance dropped error in getCompilationInfo', 'OperationError'),
    new DOMException('A valid external Instance reference no longer exists.', 'AbortError'),
  ])('knows that the device was lost: %s', (error) => {
    expect(sentence(error)).toBe(deviceLost)
  })
  it('leaves other messages as they are', () => {
    expect(sentence(new Error('The file a is missing.'))).toBe('The file a is missing.')
    expect(sentence('a word')).toBe('a word')
  })
})

describe('explained', () => {
  it('gives the result', async () => {
    expect(await explained(async () => 1)).toBe(1)
  })
  it('lets a stop through', async () => {
    await expect(explained(() => Promise.reject(stopped))).rejects.toBe(stopped)
  })
  it('keeps the cause', async () => {
    const cause = new RangeError('Array buffer allocation failed')
    await expect(explained(() => Promise.reject(cause))).rejects.toMatchObject({ message: outOfMemory, cause })
  })
})
