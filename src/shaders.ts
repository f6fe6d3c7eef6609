/**
 * The kernels as WGSL text with their bindings, for pipelines of your own: `specialise(step, { GUIDED: true })`.
 *
 * @module vq-diffusion-webgpu/shaders
 */

import addNoiseFile from '../shaders/add_noise.wgsl'
import applyCumulativeFile from '../shaders/apply_cumulative.wgsl'
import codebookFile from '../shaders/codebook.wgsl'
import diagnosticsFile from '../shaders/diagnostics.wgsl'
import guideFile from '../shaders/guide.wgsl'
import gumbelMaxFile from '../shaders/gumbel_max.wgsl'
import gumbelNoisedFile from '../shaders/gumbel_noised.wgsl'
import initialSampleFile from '../shaders/initial_sample.wgsl'
import knownFile from '../shaders/known.wgsl'
import logOnehotFile from '../shaders/log_onehot.wgsl'
import posteriorFile from '../shaders/posterior.wgsl'
import stepFile from '../shaders/step.wgsl'
import stepCountsFile from '../shaders/step_counts.wgsl'
import transitionFile from '../shaders/transition.wgsl'
import { requireBoolean, requireObject, requireOneOf } from './checks'
import { OptionError } from './errors'
import { type Features, featureNames, type Shader, specialise as selectVariant } from './gpu/shader'
import purityRevealFile from './samplers/purity/reveal.wgsl'
import puritySelectFile from './samplers/purity/select.wgsl'
import puritySharpenFile from './samplers/purity/sharpen.wgsl'
import purityTopProbabilityFile from './samplers/purity/top_probability.wgsl'
import { valueText } from './value_text'

/**
 * The WGSL of one variant of a kernel, with everything that it includes and with some features compiled in. Throws OptionError
 * for a value that is no shader, and for a name that is no feature.
 */
export function specialise(shader: Shader, features: Features = {}): string {
  if (typeof shader?.source !== 'string')
    throw new OptionError(`shader needs to be a kernel of this module; given ${valueText(shader)}.`)
  requireObject('features', features)
  for (const [name, enabled] of Object.entries(features)) {
    requireOneOf('A feature', name, featureNames)
    requireBoolean(`The feature ${name}`, enabled)
  }
  return selectVariant(shader, features)
}

export type {
  ArrayLayout,
  Feature,
  Features,
  Layout as MemoryLayout,
  ScalarLayout,
  Shader,
  ShaderBinding,
  StructLayout,
} from './gpu/shader'

/** The forward process: noises clean tokens. */
export const addNoise: Shader = addNoiseFile
/** log q(x_t) of log q(x_0), dense. */
export const applyCumulative: Shader = applyCumulativeFile
/** Codebook vectors of tokens. */
export const codebook: Shader = codebookFile
/** Entropy and highest probability of p(x_0). */
export const diagnostics: Shader = diagnosticsFile
/** log p(x_0), dense: guidance, log-softmax, truncation, clamp. */
export const guide: Shader = guideFile
/** The argmax of scores with Gumbel noise of supplied uniforms. */
export const gumbelMax: Shader = gumbelMaxFile
/** Logits with Gumbel noise of supplied uniforms, dense. */
export const gumbelNoised: Shader = gumbelNoisedFile
/** The start of a chain. */
export const initialSample: Shader = initialSampleFile
/** The known pixels of a step, noised to its timestep. */
export const known: Shader = knownFile
/** Log one-hot rows of tokens. */
export const logOnehot: Shader = logOnehotFile
/** The log posterior log q(x_u | x_t), dense. */
export const posterior: Shader = posteriorFile
/** One reverse step. */
export const step: Shader = stepFile
/** The numbers of tokens that a step changes and of columns that it reads. */
export const stepCounts: Shader = stepCountsFile
/** log q(x_t | x_0) or log q(x_t | x_{t-1}) of a known x_t, dense. */
export const transition: Shader = transitionFile
/** Purity sampling: draws the chosen tokens. */
export const purityReveal: Shader = purityRevealFile
/** Purity sampling: chooses the tokens to reveal. */
export const puritySelect: Shader = puritySelectFile
/** Purity sampling: the sharpened prediction, dense. */
export const puritySharpen: Shader = puritySharpenFile
/** Purity sampling: the highest probability of p(x_0) of each token. */
export const purityTopProbability: Shader = purityTopProbabilityFile
