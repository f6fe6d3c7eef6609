import { expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import { readPictureSettings } from './settings'
import { savedSize } from './sticker'
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

it('scales a picture as far as browsers have canvases', () => {
  expect([1, 4, 8].map((scale) => savedSize({ width: 128, height: 128 }, scale).width)).toEqual([128, 512, 1024])
  expect(savedSize({ width: 10, height: 6 }, 8)).toEqual({ width: 80, height: 48 })
  expect(savedSize({ width: 1024, height: 512 }, 8)).toEqual({ width: 4096, height: 2048 })
})
