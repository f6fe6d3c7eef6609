import { describe, expect, it } from 'vitest'
import { DrawingFigures } from './figures'

const frame = (step: number, networkMilliseconds: number, engineMilliseconds: number, columnsRead?: number) => ({
  step,
  timestep: 50,
  tokens: new Uint16Array(2 * 256),
  networkMilliseconds,
  engineMilliseconds,
  ...(columnsRead !== undefined && { columnsRead }),
})

describe('DrawingFigures', () => {
  const figures = new DrawingFigures()
  it('has none before the first step', () => {
    figures.add(frame(0, 9, 9))
    expect(figures.last).toMatchObject({ steps: 0, columns: 0, columnsRead: 0 })
    expect(figures.total).toMatchObject({ steps: 0, columns: 0, columnsRead: 0 })
  })
  it('has those of the last step and the sum of all steps', () => {
    figures.add(frame(1, 10, 1, 512))
    figures.add(frame(2, 20, 2, 128))
    expect(figures.last).toEqual({
      steps: 1,
      networkMilliseconds: 20,
      engineMilliseconds: 2,
      columnsRead: 128,
      columns: 512,
    })
    expect(figures.total).toEqual({
      steps: 2,
      networkMilliseconds: 30,
      engineMilliseconds: 3,
      columnsRead: 640,
      columns: 1024,
    })
  })
  it('leaves out the columns of a step that did not count them', () => {
    figures.add(frame(3, 30, 3))
    expect(figures.last).toMatchObject({ steps: 1, columnsRead: 0, columns: 0 })
    expect(figures.total).toMatchObject({ steps: 3, columnsRead: 640, columns: 1024 })
  })
  it('restarts with the next drawing', () => {
    figures.add(frame(0, 0, 0))
    expect([figures.last.steps, figures.total.steps]).toEqual([0, 0])
    figures.add(frame(1, 4, 3, 0))
    expect(figures.total).toEqual(figures.last)
  })
})
