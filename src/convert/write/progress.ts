import { bytesText } from './output_folder'

/** A line of progress: bytes, rate and time left. */
export function progressLine(done: number, total: number, seconds: number): string {
  const width = 24
  const filled = Math.floor((width * done) / total)
  const rate = done / seconds
  const left = rate > 0 ? `${bytesText(Math.round(rate))}/s, ${timeText((total - done) / rate)} left` : ''
  const percent = `${Math.floor((100 * done) / total)} %`
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${percent}  ${bytesText(done)} of ${bytesText(total)}  ${left}`
}

/** Seconds for people. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
