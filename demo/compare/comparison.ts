import { type PageSettings, STYLES, type Style } from '../picture/settings'

/** What can be compared, by its name on the page. */
export const COMPARISONS = {
  style: 'Styles',
  'guidance-steps': 'Guidance × steps',
  'guidance-truncation': 'Guidance × truncation',
} as const
export type Comparison = keyof typeof COMPARISONS

const ALL_STYLES = (Object.keys(STYLES) as Style[]).filter((style) => style !== 'any')
const GUIDANCE = [1, 1.5, 2.5, 4]
const STEPS = [4, 8, 12, 24]
const TRUNCATION = [0.5, 0.7, 0.86, 1]

/** One picture of a comparison: settings that differ from those of the others by what the label says. */
export interface ComparedPicture {
  /** Of one picture. */
  settings: PageSettings
  label: string
}

/** The pictures of a comparison, row by row; all have the words and the seed of `form`. */
export function comparedPictures(comparison: Comparison, form: PageSettings): ComparedPicture[] {
  const settings = { ...form, count: 1 }
  if (comparison === 'style')
    return ALL_STYLES.map((style) => ({ settings: { ...settings, style }, label: STYLES[style] }))
  return GUIDANCE.flatMap((guidance) =>
    comparison === 'guidance-steps'
      ? STEPS.map((steps) => ({ settings: { ...settings, guidance, steps }, label: `${guidance} · ${steps} steps` }))
      : TRUNCATION.map((truncation) => ({
          // Purity sampling has no truncation.
          settings: { ...settings, guidance, truncation, method: 'posterior' as const },
          label: `${guidance} · ${truncation}`,
        })),
  )
}
