import { NUM_LATENT_PIXELS, SIDE } from '../worker/protocol'

/** u8 [256]: 1 marks a cell of the 16×16 grid. Never changed in place, so that signals notice. */
export type Mask = Uint8Array<ArrayBuffer>

export const noCells: Mask = new Uint8Array(NUM_LATENT_PIXELS)

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

/** The cell at a place of the picture, with both coordinates in 0 … 1; the nearest one for places outside. */
export function cellAt(x: number, y: number): number {
  const clamp = (place: number) => Math.min(SIDE - 1, Math.max(0, Math.floor(place * SIDE)))
  return clamp(y) * SIDE + clamp(x)
}

/** The cells from one to another, both included: a quick brush leaves no gaps. */
export function cellsBetween(from: number, to: number): number[] {
  const [row, column] = [Math.floor(from / SIDE), from % SIDE]
  const [down, right] = [Math.floor(to / SIDE) - row, (to % SIDE) - column]
  const distance = Math.max(Math.abs(down), Math.abs(right))
  return Array.from({ length: distance + 1 }, (_, i) => {
    const share = distance === 0 ? 0 : i / distance
    return Math.round(row + share * down) * SIDE + Math.round(column + share * right)
  })
}
