/** “41 %”. Rounds to whole percents, but to 0 or 100 only if the share is exactly that. */
export function formatPercent(share: number): string {
  const rounded = share > 0 && share < 1 ? Math.min(99, Math.max(1, Math.round(100 * share))) : 100 * share
  return `${rounded} %`
}

/** “0.42 ms”, “17 ms”, “2.41 s”: two or three significant digits. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 9995) return `${(milliseconds / 1000).toFixed(1)} s`
  if (milliseconds >= 999.5) return `${(milliseconds / 1000).toFixed(2)} s`
  return `${milliseconds.toFixed(milliseconds >= 9.95 ? 0 : milliseconds >= 0.995 ? 1 : 2)} ms`
}

/** “about 25 seconds”, “about 7 minutes”, “about 2 hours”: as people say it. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 10) return `about ${formatCount(Math.max(1, Math.round(seconds)), 'second')}`
  if (seconds < 90) return `about ${5 * Math.round(seconds / 5)} seconds`
  if (seconds < 90 * 60) return `about ${formatCount(Math.round(seconds / 60), 'minute')}`
  return `about ${formatCount(Math.round(seconds / 3600), 'hour')}`
}

/** “1.2 GB”, “64.0 MB”, “3 kB”. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  return `${Math.ceil(bytes / 1e3)} kB`
}

/** “1 cell”, “23 cells”. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
