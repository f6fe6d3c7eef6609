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

  /** Goes to a state of the past or the future; adds any other one. */
  goTo(state: State): History<State> {
    const all = [...this.past, this.present, ...this.future]
    const at = all.lastIndexOf(state)
    return at < 0 ? this.push(state) : new History(state, this.limit, all.slice(0, at), all.slice(at + 1))
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
