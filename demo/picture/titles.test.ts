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

it('names pictures of other models by their words alone, or by their class', () => {
  expect(titleOf({ prompt: 'a teddy bear' })).toBe('a teddy bear')
  expect(titleOf({ prompt: '', classLabel: 0 })).toBe('Class 0')
  expect(fileNameOf({ prompt: '', classLabel: 0, seed: 5 })).toBe('class-0-5')
  expect(fileNameOf({ prompt: 'bear '.repeat(99), seed: 5 })).toHaveLength(20 * 5 + 1)
})
