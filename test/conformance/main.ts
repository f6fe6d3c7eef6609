import { Fixtures } from './fixtures'
import { report } from './report'

declare global {
  interface Window {
    outcome: Promise<unknown>
  }
}

window.outcome = Fixtures.fetch('/fixtures/').then(report)
