import type { DownloadProgress } from 'vq-diffusion-webgpu/onnx'
import { formatPercent } from '../format'
import type { PartName, PartsProgress } from '../worker/protocol'

/** The time left follows from the speed of so many milliseconds. */
const WINDOW = 5000
/** Nothing is said of it before: until then, what is stored is read, which is no download. */
const LEAST = 1500

/** Says how far a download is and how long it takes. */
export class DownloadText {
  #samples: { time: number; loaded: number }[] = []

  /** @param time of `performance.now()` */
  say({ loaded, total, parts }: DownloadProgress & Partial<PartsProgress>, time: number): string {
    const first = this.#samples[0]
    if (first && loaded < first.loaded) this.#samples = []
    this.#samples = [...this.#samples.filter((sample) => time - sample.time <= WINDOW), { time, loaded }]
    const [{ time: start, loaded: before }] = this.#samples as [{ time: number; loaded: number }]
    const amount = `${megabytes(loaded)} of ${megabytes(total)} MB`
    if (time - start < LEAST || loaded === before) return `Loading the model: ${amount}`
    const secondsLeft = ((total - loaded) * (time - start)) / (loaded - before) / 1000
    // Files of a folder that the user opened are not downloaded.
    const doing = parts?.model ? 'Loading the model' : 'Downloading once'
    return `${doing}: ${amount}, ${formatTimeLeft(secondsLeft)} left`
  }
}

/** What each part does, for those who wonder what is downloaded. */
const PURPOSES: Record<PartName, string> = {
  runtime: 'runtime',
  network: 'network (draws tokens)',
  decoder: 'decoder (makes pixels)',
  model: 'model',
}

/** “Runtime ✓, network (draws tokens) 43 %, …”: two lines on a phone. */
export function partsText(parts: PartsProgress['parts']): string {
  const texts = (Object.entries(parts) as [PartName, DownloadProgress][]).map(
    ([name, { loaded, total }]) => `${PURPOSES[name]} ${loaded === total ? '✓' : formatPercent(loaded / total)}`,
  )
  const text = texts.join(', ')
  const kept = parts.model ? '' : ' Kept for the next visit where the browser allows it.'
  return text && `${text[0]!.toUpperCase()}${text.slice(1)}.${kept}`
}

/** “4 s”, “20 s”, “3 min”: rounded up, to what can be told of a time to come. */
export function formatTimeLeft(seconds: number): string {
  if (seconds <= 10) return `${Math.max(1, Math.ceil(seconds))} s`
  if (seconds <= 90) return `${5 * Math.ceil(seconds / 5)} s`
  return `${Math.ceil(seconds / 60)} min`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
