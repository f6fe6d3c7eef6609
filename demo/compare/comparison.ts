import type { Model } from '../model/model'
import { type PageSettings, STYLES, type Style } from '../picture/settings'

/** What can be compared, by its name on the page. */
export const COMPARISONS = {
  style: 'Styles',
  'guidance-steps': 'Guidance × steps',
  'guidance-truncation': 'Guidance × truncation',
} as const
export type Comparison = keyof typeof COMPARISONS

const ALL_STYLES = (Object.keys(STYLES) as Style[]).filter((style) => style !== 'any')
const GUIDANCE = { stickers: [1, 1.5, 2.5, 4], others: [1, 2, 5, 8] }
const STEPS = { stickers: [4, 8, 12, 24], others: [10, 25, 50, 100] }
const TRUNCATION = [0.5, 0.7, 0.86, 1]

/** One picture of a comparison: settings that differ from those of the others by what the label says. */
export interface ComparedPicture {
  /** Of one picture. */
  settings: PageSettings
  label: string
}

/** The pictures of a comparison, row by row; all have the words and the seed of `form`. */
export function comparedPictures(
  comparison: Comparison,
  form: PageSettings,
  { isStickers, scheduler }: Model,
): ComparedPicture[] {
  const settings = { ...form, count: 1 }
  const kind = isStickers ? 'stickers' : 'others'
  const allSteps = STEPS[kind].filter((steps) => steps <= scheduler.num_train_timesteps)
  if (comparison === 'style')
    return ALL_STYLES.map((style) => ({ settings: { ...settings, style }, label: STYLES[style] }))
  return GUIDANCE[kind].flatMap((guidance) =>
    comparison === 'guidance-steps'
      ? allSteps.map((steps) => ({ settings: { ...settings, guidance, steps }, label: `${guidance} · ${steps} steps` }))
      : TRUNCATION.map((truncation) => ({
          // Purity sampling has no truncation.
          settings: { ...settings, guidance, truncation, method: 'posterior' as const },
          label: `${guidance} · ${truncation}`,
        })),
  )
}
