import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** Fails if axe finds a violation in what the page shows. */
export async function expectAccessible(page: Page): Promise<void> {
  // Its legacy mode opens no page of its own, which it needs for frames of other hosts only.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
  expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([])
}
