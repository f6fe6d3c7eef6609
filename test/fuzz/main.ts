import fc from 'fast-check'
import { requestDevice } from 'vq-diffusion-webgpu'
import { GpuEngine, TwinEngine } from './engines'
import { callsOf, holds, sequences, type Tally, tallyText } from './property'

/** The page of `npm run fuzz` and `npm run soak`, with their options in its address. */

declare global {
  interface Window {
    /** What the page found; it ends with an error if something failed. */
    outcome: Promise<unknown>
  }
}

const options = new URLSearchParams(location.search)
const number = (name: string) => Number(options.get(name))

/** Sequences of one block, which has one number of codes and a device of its own. */
const blockRuns = 4000

/** The number of codes of a block: the smallest and the largest of the fuzz first. */
const numCodesOf = (block: number) => [1, 70, 2, 64][block] ?? 1 + ((block * 37) % 70)

async function fuzz(calls: number, seed: number, firstBlock: number): Promise<void> {
  const tally: Tally = new Map()
  for (let block = firstBlock; callsOf(tally) < calls; block++) {
    const [device, otherDevice] = [await requestDevice(), await requestDevice()]
    const engines = [new TwinEngine(), new GpuEngine(device, otherDevice)]
    const K = numCodesOf(block)
    const property = fc.asyncProperty(sequences([K], 4), (sequence) => holds(engines, sequence, tally))
    const result = await fc.check(property, {
      seed: seed + block,
      numRuns: blockRuns,
    })
    if (result.failed) {
      console.log(tallyText(tally))
      throw new Error(
        `Seed ${seed}, block ${block}, K = ${K}: ${fc.defaultReportMessage(result)}\n${result.errorInstance}`,
      )
    }
    console.log(`block ${block}, K = ${K}: ${callsOf(tally)} calls, ${Math.round(performance.now() / 1000)} s`)
    for (const each of [device, otherDevice]) each.destroy()
  }
  console.log(tallyText(tally))
  console.log(`${callsOf(tally)} calls, seed ${seed}: every call ended alike on both engines`)
}

async function soakAll(pictures: number, losses: number, seed: number): Promise<void> {
  const { soak } = await import('./soak')
  for (const engine of ['cpu', 'webgpu'] as const)
    await soak(engine, pictures, ({ pictures, heap, buffers, wasm }) =>
      console.log(
        `${engine}: ${pictures} pictures, heap ${(heap / 1e6).toFixed(2)} MB, ${buffers} GPU buffers, WebAssembly ${wasm / 1e6} MB`,
      ),
    )
  const { loseDevices, loseNetworks } = await import('./losses')
  const ends = await loseDevices(losses, seed, (done) => done % 20 === 0 && console.log(`${done} devices lost`))
  const networks = await loseNetworks(Math.ceil(losses / 20))
  for (const [end, count] of Object.entries({ ...ends, ...networks }).sort()) console.log(`${count} × ${end}`)
  console.log(`${losses} chains lost their device, seed ${seed}: all gave the same tokens when resumed`)
}

window.outcome = options.has('calls')
  ? fuzz(number('calls'), number('seed'), number('block'))
  : soakAll(number('pictures'), number('losses'), number('seed'))
