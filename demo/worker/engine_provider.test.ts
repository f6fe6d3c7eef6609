import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Engine } from './engine'
import { Engines, isLost } from './engine_provider'

/** Engines without anything in them, whose devices are lost on command. */
function fakeEngine() {
  let lose = () => {}
  const lost = new Promise<void>((resolve) => {
    lose = resolve
  })
  const engine = { device: { lost } as unknown as GPUDevice, destroy: vi.fn() } as unknown as Engine
  return { engine, lose }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('makes one engine, for all who ask', async () => {
  const create = vi.fn(async () => fakeEngine().engine)
  const engines = new Engines(create)
  const [a, b] = await Promise.all([engines.current(), engines.current()])
  expect(a).toBe(b)
  expect(create).toHaveBeenCalledTimes(1)
})

it('asks again and again for another device, destroying what was lost, but not for the first', async () => {
  const first = fakeEngine()
  const create = vi.fn(async () => first.engine)
  const engines = new Engines(create)
  create.mockRejectedValueOnce(new Error('no adapter'))
  await expect(engines.current()).rejects.toThrow('no adapter')
  await engines.current()
  first.lose()
  await first.engine.device!.lost
  for (let i = 0; i < 5; i++) create.mockRejectedValueOnce(new Error('no adapter'))
  const second = fakeEngine()
  create.mockResolvedValueOnce(second.engine)
  const asking = [engines.current(), engines.current()]
  await vi.runAllTimersAsync()
  expect(await Promise.all(asking)).toEqual([second.engine, second.engine])
  expect(create).toHaveBeenCalledTimes(8)
  expect(first.engine.destroy).toHaveBeenCalledTimes(1)
})

it('gives up when no device comes, and tries again when asked again', async () => {
  const first = fakeEngine()
  const create = vi.fn(async () => first.engine)
  const engines = new Engines(create)
  await engines.current()
  first.lose()
  await first.engine.device!.lost
  create.mockRejectedValue(new Error('no adapter'))
  const asking = expect(engines.current()).rejects.toMatchObject({ name: 'DeviceLostError' })
  await vi.runAllTimersAsync()
  await asking
  const second = fakeEngine()
  create.mockResolvedValue(second.engine)
  expect(await engines.current()).toBe(second.engine)
})

it('waits a moment for the news of a loss', async () => {
  const { engine, lose } = fakeEngine()
  setTimeout(lose, 500)
  const asking = isLost(engine.device)
  await vi.runAllTimersAsync()
  expect(await asking).toBe(true)
  const other = isLost(fakeEngine().engine.device)
  await vi.runAllTimersAsync()
  expect(await other).toBe(false)
  expect(await isLost(undefined)).toBe(false)
})
