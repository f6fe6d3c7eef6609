import type { CheckReport, Divergence } from './check_model'
import type { Difference } from './compare'

/** What `--check` prints. */
export function reportLines({ textStates, logits, divergences, image, codes }: CheckReport): string[] {
  const line = (name: string, { relative, largest }: Difference) =>
    `${name.padEnd(13)} error ${relative.toExponential(1)} of its root mean square, at most ${largest.toExponential(1)}`
  const worst = divergences.reduce((a, b) => (b.mean > a.mean ? b : a))
  const every = Math.ceil(divergences.length / rowsOfTable)
  return [
    ...(textStates ? [line('text encoder', textStates)] : []),
    line('denoiser', logits),
    ...(image ? [line('decoder', image)] : []),
    ...(codes ? [`encoder       ${codes.different} of ${codes.of} codes differ${marginText(codes)}`] : []),
    'KL divergence of p(x0) from that of the checkpoint, in nats a latent pixel:',
    ...divergences.filter((_, i) => i % every === 0).map(rowOf),
    `  the worst of ${divergences.length} timesteps:`,
    rowOf(worst),
  ]
}

const marginText = ({ different, margin }: NonNullable<CheckReport['codes']>) =>
  different > 0 ? `, whose scores are at most ${margin.toExponential(1)} lower` : ''

const rowsOfTable = 12

const rowOf = ({ timestep, mean, largest }: Divergence) =>
  `  t = ${String(timestep).padStart(3)}  mean ${mean.toExponential(1)}  at most ${largest.toExponential(1)}`

/** Relative errors above which a conversion counts as wrong: far above rounding, far below a wrong layer. */
const limits = { f32: 1e-4, f16: 2e-2, q8: 1e-1, q4: 5e-1 } as const

/** Parts of the codes that may differ, since some are near to a tie. */
const shareOfCodes = { f32: 0.05, f16: 0.2, q8: 0.05, q4: 0.05 } as const

/** What is wrong with a conversion; empty if nothing is. */
export function faultsOf(report: CheckReport, dtype: keyof typeof limits): string[] {
  const { codes } = report
  const limitOfDecoder = dtype === 'f16' ? limits.f16 : limits.f32
  const networks = [
    ['text encoder', report.textStates?.relative ?? 0, limits[dtype]],
    ['denoiser', report.logits.relative, limits[dtype]],
    ['decoder', report.image?.relative ?? 0, limitOfDecoder],
  ] as const
  const faults = networks
    .filter(([, error, limit]) => !(error <= limit))
    .map(
      ([name, error, limit]) =>
        `The ${name}'s error is ${error.toExponential(1)}; at most ${limit} is rounding with --dtype ${dtype}.`,
    )
  // A single code of a small grid may be one of these.
  if (codes && codes.different > Math.max(1, shareOfCodes[dtype] * codes.of))
    faults.push(`The encoder's codes differ for ${codes.different} of ${codes.of} latent pixels.`)
  return faults
}
