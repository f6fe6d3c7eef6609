import { describe, expect, it } from 'vitest'
import { DownloadText, formatTimeLeft, partsText } from './download_text'

const MB = 1e6

describe('DownloadText', () => {
  it('says what is done, how far it is, and how long it takes at the present speed', () => {
    const text = new DownloadText()
    const say = (loaded: number, time: number) => text.say({ loaded: loaded * MB, total: 45 * MB }, time)
    expect(say(0, 0)).toBe('Loading the model: 0.0 of 45.0 MB')
    expect(say(1, 1000)).toBe('Loading the model: 1.0 of 45.0 MB')
    expect(say(2, 2000)).toBe('Downloading once: 2.0 of 45.0 MB, 45 s left')
    // Ten times as fast for longer than what is looked at.
    for (let i = 1; i <= 3; i++) say(2 + 10 * i, 2000 + 1000 * i)
    expect(say(35, 7100)).toBe('Downloading once: 35.0 of 45.0 MB, 2 s left')
  })

  it('says nothing of the time while nothing arrives, and begins anew with the next download', () => {
    const text = new DownloadText()
    text.say({ loaded: 20 * MB, total: 45 * MB }, 0)
    expect(text.say({ loaded: 20 * MB, total: 45 * MB }, 4000)).toBe('Loading the model: 20.0 of 45.0 MB')
    expect(text.say({ loaded: 21 * MB, total: 45 * MB }, 4500)).toMatch(/^Downloading/)
    expect(text.say({ loaded: 0, total: 10 * MB }, 4600)).toBe('Loading the model: 0.0 of 10.0 MB')
  })
})

it('says of each part what it is for and how far it is', () => {
  const here = { loaded: 4 * MB, total: 4 * MB }
  const parts = { runtime: here, network: { loaded: 7 * MB, total: 28 * MB }, decoder: { loaded: 0, total: MB } }
  expect(partsText(parts)).toBe(
    'Runtime ✓, network (draws tokens) 25 %, decoder (makes pixels) 0 %. Kept for the next visit where the browser allows it.',
  )
  expect(partsText({ runtime: here, decoder: here })).toMatch(/^Runtime ✓, decoder \(makes pixels\) ✓\./)
  expect(partsText({})).toBe('')
})

it.each([
  [0.2, '1 s'],
  [9.1, '10 s'],
  [41, '45 s'],
  [89, '90 s'],
  [91, '2 min'],
  [170, '3 min'],
])('rounds %f s to %s', (seconds, text) => {
  expect(formatTimeLeft(seconds)).toBe(text)
})
