/** Calls of each method that created something. */
export type Creations = Readonly<Record<string, number>>

/** Counts what `work` creates on a device, except command encoders, which all work needs. */
export function watchCreations(device: GPUDevice, work: () => void): Creations {
  const created: Record<string, number> = {}
  const methods = device as unknown as Record<string, (...given: unknown[]) => unknown>
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(device)).filter(
    (name) => name.startsWith('create') && name !== 'createCommandEncoder',
  )
  for (const name of names) {
    const create = methods[name]!
    methods[name] = (...given) => {
      created[name] = (created[name] ?? 0) + 1
      return create.apply(device, given)
    }
  }
  try {
    work()
  } finally {
    // The prototype's methods remain.
    for (const name of names) delete methods[name]
  }
  return created
}
