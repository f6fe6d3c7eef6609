import type { Frame } from '../worker/protocol'

/** What one step took and read, or several of them. */
export interface Figures {
  steps: number
  networkMilliseconds: number
  engineMilliseconds: number
  /** Columns of logits that were read in the steps that counted them, */
  columnsRead: number
  /** and that there were in those: B·256 a step. */
  columns: number
}

const NONE: Figures = { steps: 0, networkMilliseconds: 0, engineMilliseconds: 0, columnsRead: 0, columns: 0 }

/** Sums up the frames of a drawing as they come. */
export class DrawingFigures {
  /** Of the last step, and of all so far; `steps` is 0 before the first. */
  last = NONE
  total = NONE

  /** Frame 0, the start, begins anew. Steps that a recovery repeats count again: they took their time. */
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

/** “0.42 ms”, “17 ms”, “2.4 s”: two digits or more, never a long row of them. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 9995) return `${(milliseconds / 1000).toFixed(1)} s`
  if (milliseconds >= 999.5) return `${(milliseconds / 1000).toFixed(2)} s`
  return `${milliseconds.toFixed(milliseconds >= 9.95 ? 0 : milliseconds >= 0.995 ? 1 : 2)} ms`
}

/** “1.2 GB”, “64.0 MB”, “3 kB”. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  return `${Math.ceil(bytes / 1e3)} kB`
}
