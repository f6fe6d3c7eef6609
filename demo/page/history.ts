/**
 * What was, what is and what was undone: an immutable value, so that a signal can hold it. The oldest states are forgotten
 * beyond `limit`.
 */
export class History<State> {
  constructor(
    readonly present: State,
    readonly limit = 20,
    readonly past: readonly State[] = [],
    readonly future: readonly State[] = [],
  ) {}

  /** A new state; what had been undone is gone. */
  push(state: State): History<State> {
    return new History(state, this.limit, [...this.past, this.present].slice(-this.limit))
  }

  /** One state back; itself at the beginning. */
  undo(): History<State> {
    if (this.past.length === 0) return this
    return new History(this.past.at(-1)!, this.limit, this.past.slice(0, -1), [this.present, ...this.future])
  }

  /** One state forth again; itself at the end. */
  redo(): History<State> {
    if (this.future.length === 0) return this
    return new History(this.future[0]!, this.limit, [...this.past, this.present], this.future.slice(1))
  }
}
