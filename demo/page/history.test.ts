import { describe, expect, it } from 'vitest'
import { History } from './history'

const after = (...states: string[]) => states.reduce((history, state) => history.push(state), new History('empty', 3))

describe('History', () => {
  it('goes back and forth', () => {
    const twoBack = after('a', 'b', 'c').undo().undo()
    expect(twoBack.present).toBe('a')
    expect(twoBack.redo().present).toBe('b')
    expect(twoBack.redo().redo().present).toBe('c')
  })
  it('stays where it is at both ends', () => {
    const history = after('a')
    expect(history.undo().undo().present).toBe('empty')
    expect(history.redo()).toBe(history)
    expect(history.undo().undo()).toEqual(history.undo())
  })
  it('forgets what was undone when something new comes', () => {
    const other = after('a', 'b').undo().push('c')
    expect(other.redo()).toBe(other)
    expect(other.undo().present).toBe('a')
  })
  it('forgets the oldest beyond its limit', () => {
    const history = after('a', 'b', 'c', 'd', 'e')
    expect(history.past).toEqual(['b', 'c', 'd'])
    expect(history.undo().undo().undo().undo().present).toBe('b')
  })
  it('loses nothing on the way back and forth', () => {
    const history = after('a', 'b', 'c')
    expect(history.undo().undo().undo().redo().redo().redo()).toEqual(history)
  })
  it('leaves the value it came from as it was', () => {
    const history = after('a')
    history.push('b')
    history.undo()
    expect(history).toEqual(after('a'))
  })
})
