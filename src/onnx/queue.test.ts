import { expect, it } from 'vitest'
import { oneAtATime } from './queue'

it('starts work when the work before has settled and who awaited it has gone on', async () => {
  const events: string[] = []
  const work = (name: string) =>
    oneAtATime(async () => {
      events.push(`${name} begins`)
      await new Promise((resolve) => setTimeout(resolve, 1))
      events.push(`${name} ends`)
      if (name === 'second') throw new Error(name)
    })
  const awaited = async (name: string) => {
    await work(name).catch(() => {})
    await Promise.resolve().then(() => {})
    events.push(`${name} used`)
  }
  await Promise.all(['first', 'second', 'third'].map(awaited))
  expect(events).toEqual(
    ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`, `${name} used`]),
  )
})
