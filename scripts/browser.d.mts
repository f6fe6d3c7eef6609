/** What Playwright's launch() takes. */
export interface Browser {
  executablePath: string
  args: string[]
  env?: Record<string, string>
}

export const browserArgs: string[]
export function findBrowser(): Promise<Browser>
