import { requireFunction, requireLayout, requireMethod, requireOptions } from '../checks'
import type { Layout } from '../options'

/** Checks what a pipeline is made of. Throws OptionError. */
export function requireComponents(components: {
  readonly scheduler: unknown
  readonly denoiser: unknown
  readonly decoder?: unknown
  readonly layout?: Layout
}): void {
  const names = { scheduler: true, denoiser: true, decoder: true, layout: true } as const
  const { scheduler, denoiser, decoder, layout } = requireOptions('VQDiffusionPipeline', components, names)
  requireMethod('scheduler', scheduler, 'purityStep', 'a VQDiffusionScheduler')
  requireFunction('denoiser', denoiser, 'a function, such as createOnnxDenoiser() returns')
  if (decoder !== undefined) requireFunction('decoder', decoder, 'a function, such as createOnnxDecoder() returns')
  requireLayout(layout)
}
