import { capabilities, requestDevice } from 'vq-diffusion-webgpu'
import { type Chains, chainProbes, drawChains, middleOf } from './cases/chains'
import { Clock } from './cases/clock'
import { type CaseData, SizeData } from './cases/data'
import { denseStep } from './cases/dense'
import { floorProbes } from './cases/floors'
import { hostFigures } from './cases/host'
import { type Case, caseText, type PeerName, type PlannedCase, planOf, sizeText } from './cases/plan'
import { type Probe, sampleInRounds } from './cases/sampling'
import type { Options } from './options'
import { javascript } from './peers/javascript'
import { Oracle } from './peers/oracle'
import { type Peer, peerProbe, readProblem } from './peers/peer'
import { reasonOf, UnableError } from './peers/refusal'
import { twinProbes } from './peers/twin'
import { type Contestant, contestants, type Figures, type Measured, type Result, type Row } from './report/results'
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
export async function measure(options: Options, environment: Environment): Promise<Measured> {
  const device = await requestDevice()
  const failure = new Promise<never>((_, reject) => {
    device.addEventListener('uncapturederror', ({ error }) => reject(new Error(`WebGPU: ${error.message}`)))
    void device.lost.then(({ message }) => reject(new Error(`The device was lost: ${message}`)))
  })
  const measured = await Promise.race([measureOn(device, options, environment), failure])
  device.destroy()
  return measured
}

async function measureOn(device: GPUDevice, options: Options, environment: Environment): Promise<Measured> {
  const { log, runtime } = environment
  const clock = await Clock.create(device)
  const { description: adapter, isFallbackAdapter: software } = await capabilities()
  const date = new Date().toISOString().slice(0, 10)
  log(`${runtime}, ${adapter}, timed by ${clock.timedBy}`)
  const figures = await hostFigures(device, clock)
  const results: Result[] = []
  let source: SizeData | undefined
  for (const one of planOf(options, software)) {
    const begun = performance.now()
    if (source && sizeText(source.size) !== sizeText(one)) {
      source.destroy()
      source = undefined
    }
    source ??= await SizeData.create(device, one)
    results.push(...(await measureCase(one, source, clock, options, environment)))
    log(`${caseText(one)}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  }
  source?.destroy()
  const pictures = options.pictures && (await environment.pictures?.(device))
  const machine = { date, runtime, adapter, software, timed_by: clock.timedBy }
  return { machine, results, figures: { ...figures, ...pictures } }
}

/** All rows of one case: prepared, timed in turns, checked. What cannot run has a row with the reason. */
async function measureCase(
  one: PlannedCase,
  source: SizeData,
  clock: Clock,
  { patience }: Options,
  environment: Environment,
): Promise<Result[]> {
  const results: Result[] = []
  const absences: Result[] = []
  const absent = (contestant: Contestant, error: unknown) =>
    absences.push(resultOf(one, { ...contestant, phase: 'any step', timed_by: 'wall clock' }, [], reasonOf(error)))
  let data: CaseData | undefined
  try {
    data = await source.load(one, clock)
    const oracle = await Oracle.create(data)
    const chains = await drawChains(data, oracle)
    const probes = [...chainProbes(data, chains), ...(await floorProbes(data))]
    if (one.peers.length > 0) await oracle.expectDense(middleOf(chains.long))
    for (const name of one.peers)
      try {
        probes.push(...(await peerProbes(name, data, chains, oracle, environment)))
      } catch (error) {
        absent(contestants[name], error)
      }
    for (const { probe, samples } of await sampleInRounds(probes, patience))
      try {
        await probe.verify()
        results.push(resultOf(one, probe, samples))
      } catch (error) {
        results.push(resultOf(one, probe, [], reasonOf(error)))
      }
  } catch (error) {
    absent(contestants.ours, error)
  } finally {
    data?.destroy()
  }
  return [...results, ...absences]
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
  if (name === 'twin') return twinProbes(data, await readProblem(data, step), chains)
  const peer = name === 'javascript' ? javascript : await environment.peers[name]?.()
  if (!peer) throw new UnableError('it needs a browser')
  if (data.layout === 'class-major') throw new UnableError('it is measured with pixel-major logits only')
  const prepared = await peer(await readProblem(data, step))
  data.own({ destroy: () => prepared.destroy?.() })
  return [await peerProbe(name, prepared, oracle)]
}

function resultOf({ layout, dtype, B, C, N, mode }: Case, row: Row, samples: readonly number[], why?: string): Result {
  const { peer, kind, runs_on, phase, timed_by } = row
  const about = { peer, kind, runs_on, layout, dtype, B, C, N, mode, phase }
  const { median: median_us, p10: p10_us, p90: p90_us } = spread(samples)
  if (why === undefined) return { ...about, median_us, p10_us, p90_us, samples: samples.length, timed_by }
  return { ...about, median_us: null, p10_us: null, p90_us: null, samples: 0, timed_by, why_not: why }
}
