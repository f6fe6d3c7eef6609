import { describe, expect, it } from 'vitest'
import { DrawingFigures, formatBytes, formatMilliseconds } from './figures'

const frame = (step: number, networkMilliseconds: number, engineMilliseconds: number, columnsRead?: number) => ({
  ...{ step, networkMilliseconds, engineMilliseconds, timestep: 50, ...(columnsRead !== undefined && { columnsRead }) },
  tokens: new Uint16Array(2 * 256),
})

describe('DrawingFigures', () => {
  const figures = new DrawingFigures()
  it('has none before the first step', () => {
    figures.add(frame(0, 9, 9))
    expect(figures.last).toMatchObject({ steps: 0, columns: 0, columnsRead: 0 })
    expect(figures.total).toMatchObject({ steps: 0, columns: 0, columnsRead: 0 })
  })
  it('has those of the last step and of all', () => {
    figures.add(frame(1, 10, 1, 512))
    figures.add(frame(2, 20, 2, 128))
    expect(figures.last).toEqual({
      ...{ steps: 1, networkMilliseconds: 20, engineMilliseconds: 2, columnsRead: 128, columns: 512 },
    })
    expect(figures.total).toEqual({
      ...{ steps: 2, networkMilliseconds: 30, engineMilliseconds: 3, columnsRead: 640, columns: 1024 },
    })
  })
  it('has no columns of a step that did not count them', () => {
    figures.add(frame(3, 30, 3))
    expect(figures.last).toMatchObject({ steps: 1, columnsRead: 0, columns: 0 })
    expect(figures.total).toMatchObject({ steps: 3, columnsRead: 640, columns: 1024 })
  })
  it('begins anew with the next drawing', () => {
    figures.add(frame(0, 0, 0))
    expect([figures.last.steps, figures.total.steps]).toEqual([0, 0])
    figures.add(frame(1, 4, 3, 0))
    expect(figures.total).toEqual(figures.last)
  })
})

describe('formatMilliseconds', () => {
  it('keeps to what can be read at a glance', () => {
    expect([0, 0.042, 0.994, 1, 9.94, 9.95, 999.4, 999.5, 2412, 9994, 9996, 55_000].map(formatMilliseconds)).toEqual([
      ...['0.00 ms', '0.04 ms', '0.99 ms', '1.0 ms', '9.9 ms', '10 ms', '999 ms'],
      ...['1.00 s', '2.41 s', '9.99 s', '10.0 s', '55.0 s'],
    ])
  })
})

describe('formatBytes', () => {
  it('has decimal units, like the download', () => {
    expect([0, 1, 2048, 64_000_000, 1_234_000_000].map(formatBytes)).toEqual([
      '0 kB',
      '1 kB',
      '3 kB',
      '64.0 MB',
      '1.2 GB',
    ])
  })
})
