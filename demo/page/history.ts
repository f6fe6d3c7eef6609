/** Immutable undo history, so that a signal can hold it. Drops the oldest states beyond `limit`. */
export class History<State> {
  constructor(
    readonly present: State,
    readonly limit = 20,
    readonly past: readonly State[] = [],
    readonly future: readonly State[] = [],
  ) {}

  /** Adds a state and drops the undone ones. */
  push(state: State): History<State> {
    return new History(state, this.limit, [...this.past, this.present].slice(-this.limit))
  }

  /** The previous state; this object if there is none. */
  undo(): History<State> {
    if (this.past.length === 0) return this
    return new History(this.past.at(-1)!, this.limit, this.past.slice(0, -1), [this.present, ...this.future])
  }

  /** The next state; this object if there is none. */
  redo(): History<State> {
    if (this.future.length === 0) return this
    return new History(this.future[0]!, this.limit, [...this.past, this.present], this.future.slice(1))
  }
}
