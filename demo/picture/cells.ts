import { NUM_LATENT_PIXELS, SIDE } from '../worker/protocol'

/** u8 [256]: 1 marks a cell of the 16×16 token grid. Never changed in place, so that signals notice a change. */
export type Mask = Uint8Array<ArrayBuffer>

export const emptyMask: Mask = new Uint8Array(NUM_LATENT_PIXELS)

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

export function rowAndColumn(cell: number): [row: number, column: number] {
  return [Math.floor(cell / SIDE), cell % SIDE]
}

/** The cell at a point of the picture, coordinates in 0 … 1; the nearest cell for points outside. */
export function cellAt(x: number, y: number): number {
  const clamp = (coordinate: number) => Math.min(SIDE - 1, Math.max(0, Math.floor(coordinate * SIDE)))
  return clamp(y) * SIDE + clamp(x)
}

/** The cells of a square brush, of an odd size, on this cell; those on the grid. */
export function cellsAround(cell: number, size: number): number[] {
  const [row, column] = rowAndColumn(cell)
  const reach = (size - 1) / 2
  const from = (at: number) => Math.max(0, at - reach)
  const cells = []
  for (let r = from(row); r <= Math.min(SIDE - 1, row + reach); r++)
    for (let c = from(column); c <= Math.min(SIDE - 1, column + reach); c++) cells.push(r * SIDE + c)
  return cells
}

/** The cells on the line between two cells, both included, so that a fast brush stroke has no gaps. */
export function cellsBetween(from: number, to: number): number[] {
  const [row, column] = rowAndColumn(from)
  const [toRow, toColumn] = rowAndColumn(to)
  const [down, right] = [toRow - row, toColumn - column]
  const distance = Math.max(Math.abs(down), Math.abs(right))
  return Array.from({ length: distance + 1 }, (_, i) => {
    const share = distance === 0 ? 0 : i / distance
    return Math.round(row + share * down) * SIDE + Math.round(column + share * right)
  })
}
