import type { VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { loadCase } from './case'
import type { Clock } from './clock'
import { Floors } from './floors'
import { rowNames } from './names'
import { Oracle } from './oracle'
import { OurChains } from './ours'
import type { Case, Peer } from './peer'
import { denseProbe } from './peers/dense'
import { javascript } from './peers/javascript'
import { hostProblem, peerProbe } from './peers/prepared'
import { Twin } from './peers/twin'
import type { PeerName } from './plan'
import type { Absence, Probe } from './probe'
import type { Result } from './results'
import { type Patience, sampleInRounds } from './rounds'
import type { Environment } from './run'
import { type SizeData, SizeError } from './size_data'
import { logitsBytes } from './sizes'
import { spread } from './statistics'
import { CheckError } from './tokens'

export interface Bench {
  readonly source: SizeData
  readonly scheduler: VQDiffusionScheduler
  readonly clock: Clock
  readonly patience: Patience
  readonly environment: Environment
}

/** More than this is not copied to the host for those that compute there. */
const hostLimit = 2 ** 26

const inJavaScript = { kind: 'peer', runsOn: 'JavaScript' } as const
const hostRows: Partial<Record<PeerName, Pick<Absence, 'peer' | 'kind' | 'runsOn'>>> = {
  javascript: { ...inJavaScript, peer: javascript.name },
  twin: { ...inJavaScript, peer: rowNames.twin },
}

/** Everything of one case: prepared, checked, timed in turns. What cannot run has a row that says why. */
export async function measureCase(bench: Bench, id: Case, peers: readonly PeerName[]): Promise<Result[]> {
  const stage = new Stage(bench, id, peers)
  try {
    await stage.prepare()
    const samples = await sampleInRounds(stage.probes, bench.patience)
    const rows: Result[] = []
    for (const [probe, values] of samples) rows.push(await measured(id, probe, values))
    return [...rows, ...stage.absences.map((absence) => absent(id, absence))]
  } catch (error) {
    if (!(error instanceof SizeError || error instanceof CheckError)) throw error
    const about = { kind: 'ours', runsOn: 'WebGPU', phase: 'any step' } as const
    return [absent(id, { ...about, peer: rowNames.ours, whyNot: refusal(error) })]
  } finally {
    stage.destroy()
  }
}

/** What a case needs while it is measured. */
class Stage {
  readonly probes: Probe[] = []
  readonly absences: Absence[] = []
  readonly #owned: { destroy(): void }[] = []

  constructor(
    private readonly bench: Bench,
    private readonly id: Case,
    private readonly peers: readonly PeerName[],
  ) {}

  async prepare(): Promise<void> {
    const { source, scheduler, clock } = this.bench
    const data = await loadCase(source, this.id)
    const oracle = await Oracle.create(data)
    const chains = this.own(await OurChains.create(scheduler, data, clock, oracle))
    const floors = this.own(await Floors.create(data, clock))
    this.probes.push(...chains.probes(), ...floors.probes())
    if (this.peers.length === 0) return
    const { long, short } = chains
    const check = await oracle.denseCheck(long.middle)
    if (this.peers.includes('dense')) {
      const { probe, out } = await denseProbe(scheduler, data, clock, long.middle, check)
      this.own(out)
      this.probes.push(probe)
    }
    const others = this.peers.filter((name) => name !== 'dense')
    const whyNot = this.whyNoHost()
    if (whyNot !== undefined || others.length === 0) {
      for (const name of others) this.absences.push({ ...this.rowOf(name), phase: 'any step', whyNot: whyNot! })
      return
    }
    const problem = await hostProblem(data, long.middle)
    if (others.includes('twin')) this.probes.push(...(await (await Twin.create(data, problem)).probes(long, short)))
    for (const name of others.filter((other) => other !== 'twin')) {
      const peer = await this.load(name)
      if (!peer) continue
      const outcome = await peerProbe(peer, problem, check)
      if ('absence' in outcome) this.absences.push(outcome.absence)
      else {
        this.own(outcome.prepared)
        this.probes.push(outcome.probe)
      }
    }
  }

  destroy(): void {
    for (const resource of this.#owned.splice(0)) resource.destroy()
  }

  private own<T extends { destroy(): void }>(resource: T): T {
    this.#owned.push(resource)
    return resource
  }

  private whyNoHost(): string | undefined {
    const bytes = logitsBytes(this.id, 'f32')
    if (bytes > hostLimit)
      return `its logits would be copied to the host, ${bytes / 2 ** 20} MiB of them; the limit is ${hostLimit / 2 ** 20}`
    return undefined
  }

  private async load(name: PeerName): Promise<Peer | undefined> {
    if (name === 'javascript') return javascript
    const load = this.bench.environment.loadPeer[name]
    if (load) return load()
    this.absences.push({ ...this.rowOf(name), phase: 'any step', whyNot: 'it needs a browser' })
    return undefined
  }

  private rowOf(name: PeerName): Pick<Absence, 'peer' | 'kind' | 'runsOn'> {
    return hostRows[name] ?? { peer: name, kind: 'peer', runsOn: name === 'onnx-wasm' ? 'WebAssembly' : 'WebGPU' }
  }
}

async function measured(id: Case, probe: Probe, samples: readonly number[]): Promise<Result> {
  try {
    await probe.verify()
  } catch (error) {
    if (error instanceof CheckError) return absent(id, { ...probe, whyNot: refusal(error) })
    throw error
  }
  const { median, p10, p90 } = spread(samples)
  return { ...row(id, probe), ...{ median_us: median, p10_us: p10, p90_us: p90, samples: samples.length } }
}

function absent(id: Case, absence: Absence): Result {
  const none = { median_us: null, p10_us: null, p90_us: null, samples: 0 }
  return { ...row(id, { ...absence, timedBy: 'wall clock' }), ...none, why_not: absence.whyNot }
}

function row(
  id: Case,
  { peer, kind, runsOn, phase, timedBy }: Pick<Probe, 'peer' | 'kind' | 'runsOn' | 'phase' | 'timedBy'>,
) {
  const { layout, dtype, mode, batchSize, numVecClasses, numLatentPixels } = id
  return {
    ...{ peer, kind, runs_on: runsOn, layout, dtype, B: batchSize, C: numVecClasses, N: numLatentPixels, mode, phase },
    timed_by: timedBy,
  }
}

function refusal(error: Error): string {
  return error instanceof CheckError ? `refused: ${error.message}` : error.message
}
