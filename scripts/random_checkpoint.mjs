/** Writes a random checkpoint of a published model's sizes: `node scripts/random_checkpoint.mjs ithq OUT`. */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

/** It shares TypeScript with the tests. */
const { module } = await runnerImport(fileURLToPath(new URL('../test/convert/full_size/command.ts', import.meta.url)))
process.exitCode = await module.command(process.argv.slice(2))
