import { expect, it, vi } from 'vitest'
import { Player } from './player'

/** The part of a button that the player uses. */
class FakeButton extends EventTarget {
  ariaLabel = ''
  dataset: Record<string, string> = {}
  readonly click = () => this.dispatchEvent(new Event('click'))
}

function playing(advance: () => Promise<number | undefined>) {
  vi.useFakeTimers()
  const button = new FakeButton()
  return { button, player: new Player(button as unknown as HTMLButtonElement, advance) }
}

it('does nothing before the first click, then plays to the end', async () => {
  const durations = [10, 10, undefined]
  const advance = vi.fn(async () => durations.shift())
  const { button } = playing(advance)
  await vi.advanceTimersByTimeAsync(1000)
  expect([advance.mock.calls.length, button.ariaLabel, button.dataset.playing]).toEqual([0, 'Play', 'false'])
  button.click()
  await vi.advanceTimersByTimeAsync(0)
  expect([advance.mock.calls.length, button.ariaLabel, button.dataset.playing]).toEqual([1, 'Pause', 'true'])
  await vi.advanceTimersByTimeAsync(20)
  expect([advance.mock.calls.length, button.ariaLabel]).toEqual([3, 'Play'])
})

it('waits for a slow advance', async () => {
  const advance = vi.fn(() => new Promise<number>((resolve) => setTimeout(() => resolve(10), 500)))
  const { button, player } = playing(advance)
  button.click()
  await vi.advanceTimersByTimeAsync(505)
  expect(advance).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(10)
  expect(advance).toHaveBeenCalledTimes(2)
  player.pause()
})

it('plays once at a time, however fast the button is clicked', async () => {
  const advance = vi.fn(async () => 10)
  const { button } = playing(advance)
  for (let press = 0; press < 5; press++) button.click()
  await vi.advanceTimersByTimeAsync(0)
  advance.mockClear()
  await vi.advanceTimersByTimeAsync(30)
  expect(advance).toHaveBeenCalledTimes(3)
  button.click()
  await vi.advanceTimersByTimeAsync(100)
  expect(advance).toHaveBeenCalledTimes(3)
})

it('is not stopped by the end of an earlier, paused run', async () => {
  const durations = [undefined, 10, 10]
  const advance = vi.fn(async () => {
    const duration = durations.shift()
    await new Promise((resolve) => setTimeout(resolve, 100))
    return duration
  })
  const { button } = playing(advance)
  for (let press = 0; press < 3; press++) button.click()
  await vi.advanceTimersByTimeAsync(105)
  expect(button.ariaLabel).toBe('Pause')
  button.click()
})
