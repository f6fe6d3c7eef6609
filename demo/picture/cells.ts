import { sizeOf, type TokenGrid } from '../model/model'

/** u8 [N]: 1 marks a cell of the token grid. Never changed in place, so that signals notice a change. */
export type Mask = Uint8Array<ArrayBuffer>

export function emptyMask(grid: TokenGrid): Mask {
  return new Uint8Array(sizeOf(grid))
}

export function inverted(mask: Mask): Mask {
  return mask.map((marked) => 1 - marked)
}

export function withCells(mask: Mask, cells: Iterable<number>, marked: boolean): Mask {
  const changed = mask.slice()
  for (const cell of cells) changed[cell] = Number(marked)
  return changed
}

export function countCells(mask: Mask): number {
  return mask.reduce((sum, marked) => sum + marked, 0)
}

export function rowAndColumn(cell: number, { width }: TokenGrid): [row: number, column: number] {
  return [Math.floor(cell / width), cell % width]
}

/** The cell in the middle of the grid. */
export function middleCell({ height, width }: TokenGrid): number {
  return Math.floor(height / 2) * width + Math.floor(width / 2)
}

/** The cell at a point of the picture, coordinates in 0 … 1; the nearest cell for points outside. */
export function cellAt(x: number, y: number, { height, width }: TokenGrid): number {
  const clamp = (coordinate: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(coordinate * count)))
  return clamp(y, height) * width + clamp(x, width)
}

/** The cells of a square brush, of an odd size, on this cell; those on the grid. */
export function cellsAround(cell: number, size: number, grid: TokenGrid): number[] {
  const { height, width } = grid
  const [row, column] = rowAndColumn(cell, grid)
  const reach = (size - 1) / 2
  const from = (at: number) => Math.max(0, at - reach)
  const cells = []
  for (let r = from(row); r <= Math.min(height - 1, row + reach); r++)
    for (let c = from(column); c <= Math.min(width - 1, column + reach); c++) cells.push(r * width + c)
  return cells
}

/** The cells on the line between two cells, both included, so that a fast brush stroke has no gaps. */
export function cellsBetween(from: number, to: number, grid: TokenGrid): number[] {
  const [row, column] = rowAndColumn(from, grid)
  const [toRow, toColumn] = rowAndColumn(to, grid)
  const [down, right] = [toRow - row, toColumn - column]
  const distance = Math.max(Math.abs(down), Math.abs(right))
  return Array.from({ length: distance + 1 }, (_, i) => {
    const share = distance === 0 ? 0 : i / distance
    return Math.round(row + share * down) * grid.width + Math.round(column + share * right)
  })
}
