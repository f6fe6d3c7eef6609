import type { Frame } from '../worker/protocol'

/** Times and column counts, summed over steps. */
export interface Figures {
  steps: number
  networkMilliseconds: number
  engineMilliseconds: number
  /** Columns of logits read by the steps that counted them. */
  columnsRead: number
  /** Columns of logits of those steps: B·256 each. */
  columns: number
}

const NONE: Figures = {
  steps: 0,
  networkMilliseconds: 0,
  engineMilliseconds: 0,
  columnsRead: 0,
  columns: 0,
}

/** The figures of a drawing, updated with every frame. */
export class DrawingFigures {
  /** Of the last step; `steps` is 0 before the first. */
  last = NONE
  /** Of all steps so far. */
  total = NONE

  /** Frame 0 starts a new drawing. Steps that a recovery repeats are counted again, because they took time again. */
  add({ step, networkMilliseconds, engineMilliseconds, columnsRead, tokens }: Frame): void {
    if (step === 0) {
      this.last = NONE
      this.total = NONE
      return
    }
    const columns = columnsRead === undefined ? 0 : tokens.length
    this.last = { steps: 1, networkMilliseconds, engineMilliseconds, columnsRead: columnsRead ?? 0, columns }
    this.total = {
      steps: this.total.steps + 1,
      networkMilliseconds: this.total.networkMilliseconds + networkMilliseconds,
      engineMilliseconds: this.total.engineMilliseconds + engineMilliseconds,
      columnsRead: this.total.columnsRead + this.last.columnsRead,
      columns: this.total.columns + columns,
    }
  }
}
