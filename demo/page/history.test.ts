import { describe, expect, it } from 'vitest'
import { History } from './history'

const after = (...states: string[]) => states.reduce((history, state) => history.push(state), new History('empty', 3))

describe('History', () => {
  it('undoes and redoes', () => {
    const twoBack = after('a', 'b', 'c').undo().undo()
    expect(twoBack.present).toBe('a')
    expect(twoBack.redo().present).toBe('b')
    expect(twoBack.redo().redo().present).toBe('c')
  })
  it('does nothing at either end', () => {
    const history = after('a')
    expect(history.undo().undo().present).toBe('empty')
    expect(history.redo()).toBe(history)
    expect(history.undo().undo()).toEqual(history.undo())
  })
  it('drops undone states when a state is added', () => {
    const other = after('a', 'b').undo().push('c')
    expect(other.redo()).toBe(other)
    expect(other.undo().present).toBe('a')
  })
  it('drops the oldest states beyond its limit', () => {
    const history = after('a', 'b', 'c', 'd', 'e')
    expect(history.past).toEqual(['b', 'c', 'd'])
    expect(history.undo().undo().undo().undo().present).toBe('b')
  })
  it('keeps all states over undo and redo', () => {
    const history = after('a', 'b', 'c')
    expect(history.undo().undo().undo().redo().redo().redo()).toEqual(history)
  })
  it('goes to a state of the past or the future, and adds any other', () => {
    const history = after('a', 'b', 'c')
    expect(history.goTo('a')).toEqual(history.undo().undo())
    expect(history.goTo('a').goTo('c')).toEqual(history)
    expect(history.goTo('c')).toEqual(history)
    expect(history.goTo('a').goTo('d')).toEqual(history.undo().undo().push('d'))
  })
  it('does not change the original', () => {
    const history = after('a')
    history.push('b')
    history.undo()
    expect(history).toEqual(after('a'))
  })
})
