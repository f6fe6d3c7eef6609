import { expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import { readPictureSettings } from './settings'
import { fileNames } from './sticker_files'

const drawn = (query: string) => ({ settings: readPictureSettings(new URLSearchParams(query), STICKERS) })

it('numbers file names that would be the same', () => {
  const pictures = ['seed=1', 'seed=1&steps=3', 'seed=2', 'seed=1&guidance=3'].map((query) =>
    drawn(`prompt=red+heart&style=3d&${query}`),
  )
  expect(fileNames(pictures)).toEqual([
    'red-heart-3d-1.png',
    'red-heart-3d-1-2.png',
    'red-heart-3d-2.png',
    'red-heart-3d-1-3.png',
  ])
})
