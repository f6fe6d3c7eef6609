import { Fixtures } from './fixtures'
import { report, type Totals } from './report'

declare global {
  interface Window {
    conformance: Promise<Totals>
  }
}

window.conformance = Fixtures.fetch('/fixtures/').then(report)
