import { VQDiffusionScheduler, type VQDiffusionSchedulerConfig } from 'vq-diffusion-webgpu'
import type { DrawingOptions } from './protocol'

/** With the default settings: what is prepared before the user says what to draw. */
export const likelyDrawing: DrawingOptions = {
  text: new Int32Array(16),
  seeds: [0],
  steps: 2,
  guidance: 2.5,
  truncation: 0.86,
  method: 'posterior',
  priorWeight: 1,
  spacing: 'exact',
  livePreview: false,
}

/**
 * Compiles the engine's shaders for it, with and without live preview. The device keeps them for all engines on it. Never
 * rejects: what fails here fails again as the engine needs it, which then reports it.
 */
export async function compileShaders(device: GPUDevice, config: VQDiffusionSchedulerConfig): Promise<void> {
  const { guidance, truncation } = likelyDrawing
  try {
    const scheduler = await VQDiffusionScheduler.create(device, config)
    await scheduler.prepare({
      layout: 'pixel-major',
      guidance: { scale: guidance },
      truncationRate: truncation,
      diagnostics: true,
    })
    scheduler.destroy()
  } catch {}
}
