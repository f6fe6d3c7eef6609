import { describe, expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import { decodeTokens, encodeTokens } from './token_text'

const ramp = Uint16Array.from({ length: 256 }, (_, i) => (i * 2741) % 4096)

describe('encodeTokens', () => {
  it('is base64url of 12 bits per token', () => {
    const bits = Array.from(ramp, (token) => token.toString(2).padStart(12, '0')).join('')
    const bytes = Uint8Array.from(bits.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2))
    expect(encodeTokens(ramp, STICKERS.grid)).toBe(Buffer.from(bytes).toString('base64url'))
  })
  it('accepts the last code but not the mask', () => {
    expect(encodeTokens(new Uint16Array(256).fill(4095), STICKERS.grid)).toBe('_'.repeat(512))
    expect(() => encodeTokens(ramp.with(7, 4096), STICKERS.grid)).toThrow('not finished')
  })
  it('rejects another number of tokens', () => {
    expect(() => encodeTokens(ramp.slice(1), STICKERS.grid)).toThrow('256 tokens')
  })
})

describe('decodeTokens', () => {
  it('inverts encodeTokens', () => {
    expect(decodeTokens(encodeTokens(ramp, STICKERS.grid), STICKERS.grid)).toEqual(ramp)
  })
  it('names the problem', () => {
    const text = encodeTokens(ramp, STICKERS.grid)
    expect(() => decodeTokens(text.slice(1), STICKERS.grid)).toThrow('Its picture has 511 characters instead of 512.')
    expect(() => decodeTokens(`${text}A`, STICKERS.grid)).toThrow('513 characters')
    for (const stray of ['+', '/', '=', '%', ' ', 'é', '\n']) {
      expect(() => decodeTokens(text.slice(1) + stray, STICKERS.grid), stray).toThrow(`does not belong there: ${stray}`)
    }
  })
})
