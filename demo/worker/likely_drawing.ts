import { VQDiffusionScheduler, type VQDiffusionSchedulerConfig } from 'vq-diffusion-webgpu'
import { PRESETS } from '../model/presets'
import type { DrawingOptions } from './protocol'

/** With the default settings: what is prepared before the user says what to draw. */
export const likelyDrawing: DrawingOptions = {
  ...PRESETS.default,
  text: new Int32Array(16),
  seeds: [0],
  priorWeight: 1,
  livePreview: false,
}

/**
 * Compiles the engine's shaders for it, with and without live preview, and for steps without guidance, as the preset Quick
 * has them. The device keeps them for all engines on it. Never rejects: what fails here fails again as the engine needs it,
 * which then reports it.
 */
export async function compileShaders(device: GPUDevice, config: VQDiffusionSchedulerConfig): Promise<void> {
  const { guidance, truncation } = likelyDrawing
  try {
    const scheduler = await VQDiffusionScheduler.create(device, config)
    const common = { layout: 'pixel-major', truncationRate: truncation, diagnostics: true } as const
    await Promise.all([scheduler.prepare({ ...common, guidance: { scale: guidance } }), scheduler.prepare(common)])
    scheduler.destroy()
  } catch {}
}
