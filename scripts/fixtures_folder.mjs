import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The folder of fixtures named on the command line; ends the program if there is none. */
export function fixturesFolder() {
  const [folder] = process.argv.slice(2)
  if (folder && existsSync(join(folder, 'fixtures.json'))) return resolve(folder)
  const command = process.env.npm_lifecycle_event ?? 'conformance'
  console.error(
    folder
      ? `${folder} has no fixtures.json: give the folder that holds the fixtures.`
      : `Give the folder that holds the fixtures: npm run ${command} -- DIR`,
  )
  process.exit(1)
}
