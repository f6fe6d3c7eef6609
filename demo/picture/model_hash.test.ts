import { describe, expect, it } from 'vitest'
import { isSameModel, otherModelNotice } from './model_hash'

const hash = '0123456789abcdef'.repeat(4)

describe('isSameModel', () => {
  it('compares the characters that both hashes have', () => {
    expect(isSameModel('0123456789ab', hash)).toBe(true)
    expect(isSameModel(hash, '0123456789ab')).toBe(true)
    expect(isSameModel('0123456789ac', hash)).toBe(false)
  })
  it('has a notice for another model', () => {
    expect(otherModelNotice(hash, hash)).toBe('')
    expect(otherModelNotice(hash, 'f'.repeat(64))).toContain('Another model drew this picture (01234567; here it is')
  })
})
