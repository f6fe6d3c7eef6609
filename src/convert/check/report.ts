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
    line('decoder', image),
    ...(codes ? [`encoder       ${codes.different} of ${codes.of} codes differ`] : []),
    'KL divergence of p(x0) from that of the checkpoint, in nats a latent pixel:',
    ...divergences.filter((_, i) => i % every === 0).map(rowOf),
    `  the worst of ${divergences.length} timesteps:`,
    rowOf(worst),
  ]
}

const rowsOfTable = 12

const rowOf = ({ timestep, mean, largest }: Divergence) =>
  `  t = ${String(timestep).padStart(3)}  mean ${mean.toExponential(1)}  at most ${largest.toExponential(1)}`

/** Relative errors above which a conversion counts as wrong: far above rounding, far below a wrong layer. */
const limits = { f32: 1e-4, f16: 2e-2, q8: 1e-1, q4: 5e-1 } as const

/** What is wrong with a conversion; empty if nothing is. */
export function faultsOf(report: CheckReport, dtype: keyof typeof limits): string[] {
  const limitOfDecoder = dtype === 'f16' ? limits.f16 : limits.f32
  const networks = [
    ['text encoder', report.textStates?.relative ?? 0, limits[dtype]],
    ['denoiser', report.logits.relative, limits[dtype]],
    ['decoder', report.image.relative, limitOfDecoder],
  ] as const
  return networks
    .filter(([, error, limit]) => !(error <= limit))
    .map(
      ([name, error, limit]) =>
        `The ${name}'s error is ${error.toExponential(1)}; at most ${limit} is rounding with --dtype ${dtype}.`,
    )
}
