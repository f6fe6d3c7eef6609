import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LimitError, OptionError } from '../../errors'
import { bytesText, OutputFolder, requireRoom } from './output_folder'

let parent: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'output-folder-'))
})
afterEach(() => rm(parent, { recursive: true }))

describe('an output folder', () => {
  it('appears when it is finished, with sizes and checksums of its files', async () => {
    const folder = await OutputFolder.create(join(parent, 'models/mine'))
    const file = await folder.open('a/b.bin')
    await file.write(Uint8Array.of(97))
    await file.write(Uint8Array.of(98, 99))
    await file.close()
    await folder.writeText('CARD.md', 'read me')
    expect(await readdir(join(parent, 'models'))).toEqual([expect.stringMatching(/^mine\.unfinished-/)])
    await folder.finish()
    expect(await readdir(join(parent, 'models'))).toEqual(['mine'])
    const modes = await Promise.all(['models', 'models/mine'].map((path) => stat(join(parent, path))))
    expect(modes[1]!.mode).toBe(modes[0]!.mode)
    expect(await readFile(join(parent, 'models/mine/a/b.bin'), 'utf8')).toBe('abc')
    // SHA-256 of "abc", FIPS 180-2
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect([...folder.facts]).toEqual([['a/b.bin', { bytes: 3, sha256 }]])
  })

  it('leaves nothing when it is discarded', async () => {
    const folder = await OutputFolder.create(join(parent, 'mine'))
    await folder.write('a.json', '{}')
    await folder.discard()
    expect(await readdir(parent)).toEqual([])
  })

  it('replaces nothing', async () => {
    await writeFile(join(parent, 'file'), '')
    await expect(OutputFolder.create(join(parent, 'file'))).rejects.toThrow(OptionError)
    const folder = await OutputFolder.create(join(parent, 'mine'))
    await mkdir(join(parent, 'mine'))
    await expect(folder.finish()).rejects.toThrow(
      `OUT needs to be a new folder; ${join(parent, 'mine')} exists already.`,
    )
  })

  it('is refused where the disk is too small', async () => {
    const folder = await OutputFolder.create(join(parent, 'mine'))
    await expect(folder.requireSpace(1e18)).rejects.toThrow(LimitError)
    await folder.requireSpace(1)
    expect(() => requireRoom(2e9, 1.5e9, '/data')).toThrow('needs 2.00 GB; the disk of /data has 1.50 GB left')
    expect(() => requireRoom(2e9, 2e9, '/data')).not.toThrow()
  })
})

it('writes sizes for people', () => {
  expect([0, 999, 1000, 123_456, 5.4e9].map(bytesText)).toEqual(['0 B', '999 B', '1.00 kB', '123 kB', '5.40 GB'])
})
