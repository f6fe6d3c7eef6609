import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'

/** Names of what a setting may say, as options of the sampling loop. */
const options = {
  steps: 'numInferenceSteps',
  guidance: 'guidanceScale',
  interval: 'guidanceInterval',
  truncation: 'truncationRate',
  method: 'method',
  weight: 'priorWeight',
}

/**
 * @param {string} text such as 'steps=12 guidance=2 interval=20-99 truncation=0.7'
 * @returns {object} options of the sampling loop
 * @throws {Error} for an unknown name
 */
export function parseSetting(text) {
  const setting = {}
  for (const part of text.split(' ').filter(Boolean)) {
    const [name, value] = part.split('=')
    if (!options[name] || value === undefined)
      throw new Error(`A setting has ${Object.keys(options).join(', ')}, as in steps=12; given ${part}.`)
    const isText = name === 'method'
    setting[options[name]] = isText ? value : name === 'interval' ? value.split('-').map(Number) : Number(value)
  }
  return setting
}

/**
 * @param {object} defaults of `model_index.json`, or one of its presets
 * @returns {string} the setting
 */
export function settingText({ num_inference_steps, guidance_scale, guidance_interval, truncation_rate }) {
  const interval = guidance_interval ? ` interval=${guidance_interval.join('-')}` : ''
  return `steps=${num_inference_steps} guidance=${guidance_scale}${interval} truncation=${truncation_rate}`
}

/** Rows that the network computes for a picture. */
export function networkRows({ numInferenceSteps, guidanceScale = 1, guidanceInterval: [from, to] = [0, 99] }) {
  const { timesteps } = new VQDiffusionScheduler({ num_vec_classes: 4097 }).expectation({ numInferenceSteps })
  const guided = guidanceScale === 1 ? [] : timesteps.filter((t) => t >= from && t <= to)
  return timesteps.length + guided.length
}
