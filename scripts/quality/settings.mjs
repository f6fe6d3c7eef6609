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
    setting[options[name]] =
      name === 'method' ? value : name === 'interval' ? value.split('-').map(Number) : Number(value)
  }
  return setting
}

/** Rows that the network computes for a picture. */
export function networkRows({ numInferenceSteps: n, guidanceScale, guidanceInterval: [from, to] = [0, 99] }) {
  const timesteps = Array.from({ length: n }, (_, i) => Math.round(99 - (i * 99) / (n - 1)))
  return n + (guidanceScale === 1 ? 0 : timesteps.filter((t) => t >= from && t <= to).length)
}
