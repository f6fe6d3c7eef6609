import { capabilities, requestDevice } from 'vq-diffusion-webgpu'
import { type Chains, chainProbes, drawChains, middleOf } from './cases/chains'
import { Clock } from './cases/clock'
import { type CaseData, withCase } from './cases/data'
import { denseStep } from './cases/dense'
import { floorProbes } from './cases/floors'
import { hostFigures } from './cases/host'
import { type Case, caseText, type PeerName, type PlannedCase, planOf, type Selection } from './cases/plan'
import { type Probe, sampleInRounds } from './cases/sampling'
import { javascript } from './peers/javascript'
import { Oracle } from './peers/oracle'
import { type Peer, peerProbe, readProblem, requireHostCopy } from './peers/peer'
import { reasonOf, UnableError } from './peers/refusal'
import { twinProbes } from './peers/twin'
import { contestants, type Figures, type Measured, type Result, type Row } from './report/results'
import { spread } from './report/statistics'

/** What differs between a browser and Node. */
export interface Environment {
  readonly runtime: string
  /** Peers that only some environments can load. */
  readonly peers: Partial<Record<PeerName, () => Promise<Peer>>>
  /** Pictures of the demo's model, where it can run. */
  readonly pictures?: (device: GPUDevice) => Promise<Figures>
  log(line: string): void
}

/** Runs the benchmark where there is a `navigator.gpu`. Rejects when the device is lost or reports an error. */
export async function measure(selection: Selection, environment: Environment): Promise<Measured> {
  const device = await requestDevice()
  const failure = new Promise<never>((_, reject) => {
    device.addEventListener('uncapturederror', ({ error }) => reject(new Error(`WebGPU: ${error.message}`)))
    void device.lost.then(({ message }) => reject(new Error(`The device was lost: ${message}`)))
  })
  const measured = await Promise.race([measureOn(device, selection, environment), failure])
  device.destroy()
  return measured
}

async function measureOn(device: GPUDevice, selection: Selection, environment: Environment): Promise<Measured> {
  const { log, runtime } = environment
  const clock = await Clock.create(device)
  const { description: adapter, isFallbackAdapter: software } = await capabilities()
  const date = new Date().toISOString().slice(0, 10)
  log(`${runtime}, ${adapter}, timed by ${clock.timedBy}`)
  const host = await hostFigures(device, clock)
  const secondsPerRow = selection.quick ? 0.1 : 0.5
  const results: Result[] = []
  for (const one of planOf(selection, software)) {
    const begun = performance.now()
    results.push(...(await measureCase(device, clock, one, secondsPerRow, environment)))
    log(`${caseText(one)}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  }
  const pictures = selection.quick ? undefined : await environment.pictures?.(device)
  const machine = { date, runtime, adapter, software, timed_by: clock.timedBy }
  return { machine, results, figures: { ...host, ...pictures } }
}

/** All rows of one case: prepared, timed in turns, checked. What cannot run has a row with the reason. */
async function measureCase(
  device: GPUDevice,
  clock: Clock,
  one: PlannedCase,
  secondsPerRow: number,
  environment: Environment,
): Promise<Result[]> {
  const absent = (name: PeerName | 'ours', error: unknown) =>
    resultOf(one, { ...contestants[name], phase: 'any step', timed_by: 'wall clock' }, reasonOf(error))
  try {
    return await withCase(device, clock, one, async (data) => {
      const oracle = await Oracle.create(data)
      const chains = await drawChains(data, oracle)
      const probes = [...chainProbes(data, chains), ...(await floorProbes(data))]
      const absences: Result[] = []
      if (one.peers.length > 0) await oracle.expectDense(middleOf(chains.long))
      for (const name of one.peers)
        try {
          probes.push(...(await peerProbes(name, data, chains, oracle, environment)))
        } catch (error) {
          absences.push(absent(name, error))
        }
      const results: Result[] = []
      for (const { probe, samples } of await sampleInRounds(probes, secondsPerRow))
        try {
          await probe.verify()
          results.push(resultOf(one, probe, samples))
        } catch (error) {
          results.push(resultOf(one, probe, reasonOf(error)))
        }
      return [...results, ...absences]
    })
  } catch (error) {
    return [absent('ours', error)]
  }
}

async function peerProbes(
  name: PeerName,
  data: CaseData,
  chains: Chains,
  oracle: Oracle,
  environment: Environment,
): Promise<readonly Probe[]> {
  const step = middleOf(chains.long)
  if (name === 'dense') return [await peerProbe(name, await denseStep(data, step), oracle)]
  requireHostCopy(data)
  if (name === 'twin') return twinProbes(data, chains)
  const peer = name === 'javascript' ? javascript : await environment.peers[name]?.()
  if (!peer) throw new UnableError('it needs a browser')
  if (data.layout === 'class-major') throw new UnableError('it is measured with pixel-major logits only')
  return [await peerProbe(name, await peer(await readProblem(data, step, data.B)), oracle)]
}

/** @param outcome microseconds a step, or why there are none */
function resultOf(one: Case, row: Row, outcome: readonly number[] | string): Result {
  const { layout, dtype, B, C, N, mode } = one
  const { peer, kind, runs_on, phase, timed_by } = row
  const about = { peer, kind, runs_on, layout, dtype, B, C, N, mode, phase, timed_by }
  if (typeof outcome === 'string')
    return { ...about, median_us: null, p10_us: null, p90_us: null, samples: 0, why_not: outcome }
  const { median, p10, p90 } = spread(outcome)
  return { ...about, median_us: median, p10_us: p10, p90_us: p90, samples: outcome.length }
}
