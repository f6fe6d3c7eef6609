import { describe, expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import {
  cellAt,
  cellsAround,
  cellsBetween,
  countCells,
  emptyMask,
  inverted,
  middleCell,
  rowAndColumn,
  withCells,
} from './cells'

describe('cellAt', () => {
  it('numbers cells row by row', () => {
    expect(cellAt(0.01, 0.01, STICKERS.grid)).toBe(0)
    expect(cellAt(0.99, 0.01, STICKERS.grid)).toBe(15)
    expect(cellAt(0.01, 0.0626, STICKERS.grid)).toBe(16)
    expect(cellAt(0.99, 0.99, STICKERS.grid)).toBe(255)
  })
  it('clamps points outside the picture', () => {
    expect(cellAt(-3, 0.5, STICKERS.grid)).toBe(128)
    expect(cellAt(1, 7, STICKERS.grid)).toBe(255)
  })
})

describe('cellsBetween', () => {
  it('includes both ends', () => {
    expect(cellsBetween(5, 5, STICKERS.grid)).toEqual([5])
    expect(cellsBetween(0, 3, STICKERS.grid)).toEqual([0, 1, 2, 3])
    expect(cellsBetween(34, 0, STICKERS.grid)).toEqual([34, 17, 0])
  })
  it('has no gap in any direction', () => {
    const line = cellsBetween(2 * 16 + 1, 9 * 16 + 14, STICKERS.grid)
    expect(line.at(0)).toBe(33)
    expect(line.at(-1)).toBe(158)
    for (const [i, cell] of line.slice(1).entries()) {
      expect(Math.abs((cell % 16) - (line[i]! % 16))).toBeLessThanOrEqual(1)
      expect(Math.abs(Math.floor(cell / 16) - Math.floor(line[i]! / 16))).toBeLessThanOrEqual(1)
    }
  })
})

describe('masks', () => {
  it('are marked, cleared, inverted and counted without a change in place', () => {
    const marked = withCells(emptyMask(STICKERS.grid), [0, 17, 17], true)
    expect(countCells(marked)).toBe(2)
    expect(countCells(withCells(marked, [17], false))).toBe(1)
    expect(countCells(inverted(marked))).toBe(254)
    expect(countCells(emptyMask(STICKERS.grid))).toBe(0)
  })
})

it('covers a square around a cell, as far as it is on the grid', () => {
  expect(cellsAround(0, 1, STICKERS.grid)).toEqual([0])
  expect(cellsAround(17, 3, STICKERS.grid)).toEqual([0, 1, 2, 16, 17, 18, 32, 33, 34])
  expect(cellsAround(255, 3, STICKERS.grid)).toEqual([238, 239, 254, 255])
  expect(cellsAround(15, 5, STICKERS.grid)).toEqual([13, 14, 15, 29, 30, 31, 45, 46, 47])
})

describe('a grid that is not square', () => {
  const grid = { height: 3, width: 5, numCodes: 24 }
  it('is numbered row by row', () => {
    expect([cellAt(0.99, 0.01, grid), cellAt(0.99, 0.5, grid), cellAt(2, 2, grid)]).toEqual([4, 9, 14])
    expect(rowAndColumn(13, grid)).toEqual([2, 3])
    expect(middleCell(grid)).toBe(7)
    expect(emptyMask(grid)).toHaveLength(15)
  })
  it('ends the brush at its edges', () => {
    expect(cellsAround(4, 3, grid)).toEqual([3, 4, 8, 9])
    expect(cellsBetween(0, 14, grid)).toEqual([0, 6, 7, 13, 14])
  })
})
