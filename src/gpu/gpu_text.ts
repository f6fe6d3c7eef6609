/** Objects of WebGPU as error messages show them. */

/** A device for an error message. */
export function deviceText({ label }: GPUDevice): string {
  return label ? `'${label}'` : 'one without a label'
}

/** A buffer for an error message. */
export function bufferText({ label }: GPUBuffer): string {
  return label ? `the buffer '${label}'` : 'the given buffer'
}

/** The names of usage flags for an error message. */
export function usageText(usage: number): string {
  const flags = Object.entries(Object.getOwnPropertyDescriptors(GPUBufferUsage))
  return flags.flatMap(([name, { value }]) => ((usage & value) !== 0 ? [name] : [])).join(' | ') || 'none'
}
