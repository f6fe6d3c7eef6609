import { expect, it } from 'vitest'
import { complete, wordAtEnd } from './words'

it('finds the word that is being typed', () => {
  expect(wordAtEnd('a red but')).toBe('but')
  expect(wordAtEnd('t-shi')).toBe('shi')
  expect(wordAtEnd("five o'clo")).toBe("o'clo")
  expect(wordAtEnd('red, "gho')).toBe('gho')
  expect(wordAtEnd('red ')).toBe('')
})

it('completes a prefix, the shortest word first, without the prefix itself', () => {
  const words = ['hearts', 'heart', 'hear', 'ear', 'hearth']
  expect(complete('hear', words, 2)).toEqual(['heart', 'hearts'])
  expect(complete('heart', words, 9)).toEqual(['hearts', 'hearth'])
})
