import type { Schedule } from './schedule'

/**
 * How many of N tokens purity-prior sampling has revealed when it reaches u: as many as the schedule expects to be
 * unmasked there (SEMANTICS 15). −1 is all.
 */
export function purityQuota({ mask, numTrainTimesteps }: Schedule, u: number, numPixels: number): number {
  return Math.round(numPixels * (1 - mask[u === -1 ? numTrainTimesteps : u]!))
}

/**
 * The quotas that the paper authors' code has for 1024 tokens, hard-coded there for 100, 50, 25 and 10 timesteps: tokens
 * to reveal at timestep index 0 to T − 1 (github.com/microsoft/VQ-Diffusion). They follow `purityQuota` roughly; that of
 * 100 adds up to 1025.
 */
export function originalPurityQuotas(numTimesteps: 100 | 50 | 25 | 10): number[] {
  const repeat = (counts: number[], times: number) => Array.from({ length: times }, () => counts).flat()
  switch (numTimesteps) {
    case 100:
      return [1, ...repeat([10, 11, 10], 32), 10, 11, 11]
    case 50:
      return [10, ...repeat([21, 20], 24), 30]
    case 25:
      return [21, ...repeat([41], 23), 60]
    case 10:
      return [69, ...repeat([102], 8), 139]
  }
}
