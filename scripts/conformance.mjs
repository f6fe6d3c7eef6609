/** Runs the conformance page in Chromium on a folder of reference fixtures: `npm run conformance -- DIR`. */
import { chromium } from 'playwright'
import { findBrowser } from './browser.mjs'
import { runConformance } from './conformance_page.mjs'

await runConformance(async () => chromium.launch(await findBrowser()))
