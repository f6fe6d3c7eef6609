import modelIndex from 'vq-diffusion-emoji/emoji-16x16/model_index.json' with { type: 'json' }
import scheduler from 'vq-diffusion-emoji/emoji-16x16/scheduler/scheduler_config.json' with { type: 'json' }
import type { Preset } from './model'

const { defaults, presets } = modelIndex

/** How a picture is drawn, by what the model's index recommends. */
interface Recommendation {
  readonly num_inference_steps: number
  readonly guidance_scale: number
  readonly guidance_interval?: readonly number[]
  readonly truncation_rate: number
}

export type PresetName = 'quick' | 'default' | 'best'

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  quick: presetOf(presets.quick),
  default: presetOf(defaults),
  best: presetOf(presets.best),
}

/** The preset that draws the same as these settings; undefined if none does. */
export function presetName(settings: Preset): PresetName | undefined {
  const { guidedFrom, guidedTo } = settings
  return (Object.keys(PRESETS) as PresetName[]).find((name) => {
    const preset = PRESETS[name]
    // Without guidance the interval has no effect.
    const wanted = preset.guidance === 1 ? { ...preset, guidedFrom, guidedTo } : preset
    return (Object.keys(wanted) as (keyof Preset)[]).every((field) => settings[field] === wanted[field])
  })
}

/** What a preset does, in words. */
export function presetText({ steps, guidance, guidedFrom, truncation }: Preset): string {
  const guided = guidedFrom === 0 ? `guidance ${guidance}` : `guidance ${guidance} from t = ${guidedFrom} on`
  return `${steps} steps, ${guidance === 1 ? 'no guidance' : guided}, truncation ${truncation}`
}

function presetOf({
  num_inference_steps: steps,
  guidance_scale: guidance,
  guidance_interval: [guidedFrom = 0, guidedTo = scheduler.num_train_timesteps - 1] = [],
  truncation_rate: truncation,
}: Recommendation): Preset {
  return { steps, guidance, guidedFrom, guidedTo, truncation, method: 'posterior', spacing: 'exact' }
}
