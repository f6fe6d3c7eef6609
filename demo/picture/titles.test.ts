import { expect, it } from 'vitest'
import { fileNameOf, titleOf } from './titles'

it('builds title and file name from the settings', () => {
  expect(titleOf({ prompt: 'red heart', style: '3d' })).toBe('red heart, 3D · Fluent')
  expect(fileNameOf({ prompt: ' Red  Heart ', style: '3d', seed: 7 })).toBe('red-heart-3d-7')
  expect(fileNameOf({ prompt: '🐼!', style: 'noto', seed: 1 })).toBe('panda-noto-1')
  expect(fileNameOf({ prompt: 'red heart', style: '3d', seed: 7 }, true)).toBe('red-heart-3d-7-unfinished')
})

it('has names for an empty prompt', () => {
  expect(titleOf({ prompt: '', style: 'any' })).toBe('Anything, Any style')
  expect(fileNameOf({ prompt: '', style: 'any', seed: 0 })).toBe('any-0')
})
