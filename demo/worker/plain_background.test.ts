import { describe, expect, it } from 'vitest'
import { type Pixels, type Rectangle, removePlainBackground } from './plain_background'

type Colour = readonly [red: number, green: number, blue: number, alpha?: number]

const WHITE = [255, 255, 255] as const
const RED = [220, 20, 30] as const
const BLUE = [20, 40, 200] as const
const CLEAR = [0, 0, 0, 0] as const

/** An image of rows of characters. */
function image(rows: string[], colours: Record<string, Colour>): Pixels {
  const pixels = rows.flatMap((row) => [...row].map((character) => colours[character]!))
  const data = Uint8ClampedArray.from(pixels.flatMap(([red, green, blue, alpha = 255]) => [red, green, blue, alpha]))
  return { data, width: rows[0]!.length, height: rows.length }
}

function wholeOf({ width, height }: Pixels): Rectangle {
  return { left: 0, top: 0, width, height }
}

/** The alpha of every pixel, a row a line: “.” is 0, “#” is 255, “+” between. */
function alphas({ data, width, height }: Pixels): string[] {
  const letter = (alpha: number) => (alpha === 0 ? '.' : alpha === 255 ? '#' : '+')
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => letter(data[4 * (row * width + column) + 3]!)).join(''),
  )
}

const colours = { w: WHITE, r: RED, b: BLUE, c: CLEAR, p: [238, 138, 143], n: [246, 249, 240] } as const

describe('a plain background', () => {
  it('goes, with its noise; what the subject encloses stays', () => {
    const picture = image(
      ['wwwwwwwww', 'wnrrrrrww', 'wwrrrrrww', 'wwrrwrrnw', 'wwrrrrrww', 'wwrrrrrww', 'wwwwwwwnw'],
      colours,
    )
    expect(removePlainBackground(picture, wholeOf(picture))).toBe(true)
    const row = '..#####..'
    expect(alphas(picture)).toEqual(['.........', row, row, row, row, row, '.........'])
    expect([...picture.data.subarray(4 * (3 * 9 + 4), 4 * (3 * 9 + 4) + 4)]).toEqual([...WHITE, 255])
  })

  it('leaves the mixed pixels of a smooth edge half transparent, in the colour of the subject', () => {
    const picture = image(['wwwwwww', 'wpppppw', 'wprrrpw', 'wprrrpw', 'wprrrpw', 'wpppppw', 'wwwwwww'], colours)
    expect(removePlainBackground(picture, wholeOf(picture))).toBe(true)
    expect(alphas(picture)).toEqual(['.......', '.+++++.', '.+###+.', '.+###+.', '.+###+.', '.+++++.', '.......'])
    const [red, green, blue, alpha] = picture.data.subarray(4 * (3 * 7 + 1))
    expect([red, green, blue]).toEqual([...RED])
    expect(alpha).toBeGreaterThan(120)
    expect(alpha).toBeLessThan(135)
  })

  it('is found around a subject that touches one side', () => {
    const picture = image(['wwwwwwww', 'wwwrrwww', 'wwrrrrww', 'wrrrrrrw', 'wrrrrrrw'], colours)
    expect(removePlainBackground(picture, wholeOf(picture))).toBe(true)
    expect(alphas(picture)[4]).toBe('.######.')
  })

  it('is that of the picture, not of the transparent rest of the image', () => {
    const picture = image(['cccccc', 'cccccc', 'wwwwww', 'wwrrww', 'wwwwww', 'cccccc'], colours)
    expect(removePlainBackground(picture, { left: 0, top: 2, width: 6, height: 3 })).toBe(true)
    expect(alphas(picture)).toEqual(['......', '......', '......', '..##..', '......', '......'])
  })
})

describe.each([
  ['a picture of two halves', ['rrrrbbbb', 'rrrrbbbb', 'rrrrbbbb', 'rrrrbbbb']],
  ['a picture on transparency', ['cccccc', 'ccrrcc', 'ccrrcc', 'cccccc']],
  ['nothing but one colour', ['wwwwww', 'wwwwww', 'wwwwww', 'wwwwww']],
  ['one pixel', ['w']],
])('%s', (_, rows) => {
  it('stays as it is', () => {
    const picture = image(rows, colours)
    const before = picture.data.slice()
    expect(removePlainBackground(picture, wholeOf(picture))).toBe(false)
    expect(picture.data).toEqual(before)
  })
})
