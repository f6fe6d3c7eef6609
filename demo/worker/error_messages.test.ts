import { describe, expect, it } from 'vitest'
import { DeviceLostError } from 'vq-diffusion-webgpu'
import { deviceLostMessage, outOfMemoryMessage, stopReason, userMessage, withUserMessages } from './error_messages'

describe('userMessage', () => {
  it.each([
    new RangeError('Array buffer allocation failed'),
    new RangeError('WebAssembly.Memory(): could not allocate memory: Out of memory'),
    new Error('ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc'),
    new Error("Can't create a session. failed to allocate a buffer of size 20284974."),
  ])('recognises an out-of-memory error: %s', (error) => {
    expect(userMessage(error)).toBe(outOfMemoryMessage)
  })
  it.each([
    new DeviceLostError('gone'),
    new Error('[WebGPU] Device is lost.'),
    new DOMException('Instance dropped error in getCompilationInfo', 'OperationError'),
    new DOMException('A valid external Instance reference no longer exists.', 'AbortError'),
  ])('recognises a device loss: %s', (error) => {
    expect(userMessage(error)).toBe(deviceLostMessage)
  })
  it('keeps other messages', () => {
    expect(userMessage(new Error('The file a is missing.'))).toBe('The file a is missing.')
    expect(userMessage('a word')).toBe('a word')
  })
})

describe('withUserMessages', () => {
  it('returns the result', async () => {
    expect(await withUserMessages(async () => 1)).toBe(1)
  })
  it('rethrows the stop reason', async () => {
    await expect(withUserMessages(() => Promise.reject(stopReason))).rejects.toBe(stopReason)
  })
  it('keeps the cause', async () => {
    const cause = new RangeError('Array buffer allocation failed')
    await expect(withUserMessages(() => Promise.reject(cause))).rejects.toMatchObject({
      message: outOfMemoryMessage,
      cause,
    })
  })
})
