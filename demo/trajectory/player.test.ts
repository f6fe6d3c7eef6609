import { expect, it, vi } from 'vitest'
import { Player } from './player'

/** As much of a button as the player uses. */
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

it('does nothing until it is asked to, then goes on to the end', async () => {
  const stays = [10, 10, undefined]
  const advance = vi.fn(async () => stays.shift())
  const { button } = playing(advance)
  await vi.advanceTimersByTimeAsync(1000)
  expect([advance.mock.calls.length, button.ariaLabel, button.dataset.playing]).toEqual([0, 'Play', 'false'])
  button.click()
  await vi.advanceTimersByTimeAsync(0)
  expect([advance.mock.calls.length, button.ariaLabel, button.dataset.playing]).toEqual([1, 'Pause', 'true'])
  await vi.advanceTimersByTimeAsync(20)
  expect([advance.mock.calls.length, button.ariaLabel]).toEqual([3, 'Play'])
})

it('waits for what is slow to be seen', async () => {
  const advance = vi.fn(() => new Promise<number>((resolve) => setTimeout(() => resolve(10), 500)))
  const { button, player } = playing(advance)
  button.click()
  await vi.advanceTimersByTimeAsync(505)
  expect(advance).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(10)
  expect(advance).toHaveBeenCalledTimes(2)
  player.pause()
})

it('never plays twice at once, however fast its button is pressed', async () => {
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

it('is not stopped by the end of a run that was paused before', async () => {
  const stays = [undefined, 10, 10]
  const advance = vi.fn(async () => {
    const stay = stays.shift()
    await new Promise((resolve) => setTimeout(resolve, 100))
    return stay
  })
  const { button } = playing(advance)
  for (let press = 0; press < 3; press++) button.click()
  await vi.advanceTimersByTimeAsync(105)
  expect(button.ariaLabel).toBe('Pause')
  button.click()
})
