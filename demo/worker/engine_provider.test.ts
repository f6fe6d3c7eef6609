import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Engine } from './engine'
import { EngineProvider, isLost } from './engine_provider'

/** An engine with nothing but a device, which `lose` loses. */
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

it('creates one engine for concurrent requests', async () => {
  const create = vi.fn(async () => fakeEngine().engine)
  const engines = new EngineProvider(create)
  const [a, b] = await Promise.all([engines.current(), engines.current()])
  expect(a).toBe(b)
  expect(create).toHaveBeenCalledTimes(1)
})

it('destroys a lost engine and retries until there is a new device, but does not retry the first one', async () => {
  const first = fakeEngine()
  const create = vi.fn(async () => first.engine)
  const engines = new EngineProvider(create)
  create.mockRejectedValueOnce(new Error('no adapter'))
  await expect(engines.current()).rejects.toThrow('no adapter')
  await engines.current()
  first.lose()
  await first.engine.device!.lost
  for (let i = 0; i < 5; i++) create.mockRejectedValueOnce(new Error('no adapter'))
  const second = fakeEngine()
  create.mockResolvedValueOnce(second.engine)
  const requested = [engines.current(), engines.current()]
  await vi.runAllTimersAsync()
  expect(await Promise.all(requested)).toEqual([second.engine, second.engine])
  expect(create).toHaveBeenCalledTimes(8)
  expect(first.engine.destroy).toHaveBeenCalledTimes(1)
})

it('rejects if there is no new device, and retries at the next request', async () => {
  const first = fakeEngine()
  const create = vi.fn(async () => first.engine)
  const engines = new EngineProvider(create)
  await engines.current()
  first.lose()
  await first.engine.device!.lost
  create.mockRejectedValue(new Error('no adapter'))
  const rejected = expect(engines.current()).rejects.toMatchObject({ name: 'DeviceLostError' })
  await vi.runAllTimersAsync()
  await rejected
  const second = fakeEngine()
  create.mockResolvedValue(second.engine)
  expect(await engines.current()).toBe(second.engine)
})

it('waits for a loss to be reported', async () => {
  const { engine, lose } = fakeEngine()
  setTimeout(lose, 500)
  const reported = isLost(engine.device)
  await vi.runAllTimersAsync()
  expect(await reported).toBe(true)
  const other = isLost(fakeEngine().engine.device)
  await vi.runAllTimersAsync()
  expect(await other).toBe(false)
  expect(await isLost(undefined)).toBe(false)
})
