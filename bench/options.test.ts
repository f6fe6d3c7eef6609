import { describe, expect, it } from 'vitest'
import { parseOptions } from './options'
import { namedSizes } from './sizes'

describe('parseOptions', () => {
  it('chooses nothing by default', () => {
    const { selection, patience, pictures } = parseOptions([])
    expect(selection).toEqual({ extent: 'default' })
    expect(patience.secondsPerRow).toBe(0.5)
    expect(pictures).toBe(true)
  })
  it('reads lists', () => {
    const { selection } = parseOptions([
      ...['--sizes', '2x9x16,quick', '--layouts', 'class-major', '--dtypes', 'f16,f32'],
      ...['--modes', 'truncated', '--peers', 'tfjs', '--all'],
    ])
    expect(selection).toEqual({
      ...{ extent: 'all', layouts: ['class-major'], dtypes: ['f16', 'f32'], modes: ['guided + truncated'] },
      ...{ peers: ['tfjs'], sizes: [{ batchSize: 2, numVecClasses: 9, numLatentPixels: 16 }, ...namedSizes.quick!] },
    })
  })
  it('knows no peers with none', () => {
    expect(parseOptions(['--quick', '--peers', 'none']).selection).toEqual({ extent: 'quick', peers: [] })
  })
  it.each([
    [
      ['--sizes', '4097x1024'],
      "A size is BxCxN, as 1x4097x1024, with C at least 3, or one of quick, all, growth; given '4097x1024'.",
    ],
    [['--sizes', '1x2x3'], 'with C at least 3'],
    [['--layouts', 'row-major'], "--layouts takes pixel-major, class-major; given 'row-major'."],
    [['--modes', 'guided + truncated'], "--modes takes plain, guided, truncated; given 'guided + truncated'."],
    [['--peers', 'torch'], "given 'torch'"],
    [['--seconds', '0'], "--seconds takes a positive number; given '0'."],
    [['--fast'], 'See --help.'],
    [['stray'], 'See --help.'],
    [['--quick', '--all'], '--quick and --all exclude each other.'],
  ])('refuses %j with a sentence', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
})
