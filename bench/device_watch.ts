const creations = [
  'createBuffer',
  'createTexture',
  'createSampler',
  'createBindGroup',
  'createBindGroupLayout',
  'createPipelineLayout',
  'createShaderModule',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createRenderPipeline',
  'createRenderPipelineAsync',
  'createRenderBundleEncoder',
  'createQuerySet',
] as const
type Creation = (typeof creations)[number]

/** What was created, by method; command encoders are not counted, since no work goes without one. */
export type Created = Partial<Record<Creation, number>>

/** Sees what is created on a device while `work` runs. */
export function watchCreations(device: GPUDevice, work: () => void): Created {
  const created: Created = {}
  const restore = creations.map((name) =>
    override(device, name, (create) => {
      created[name] = (created[name] ?? 0) + 1
      return create()
    }),
  )
  try {
    work()
  } finally {
    for (const undo of restore) undo()
  }
  return created
}

/** Puts another method in the place of the device's own; gives what undoes it. */
function override(
  device: GPUDevice,
  name: Creation,
  method: (create: (...given: unknown[]) => unknown, ...parameters: unknown[]) => unknown,
): () => void {
  const methods = device as unknown as Record<Creation, (...parameters: unknown[]) => unknown>
  const own = methods[name]
  if (!own) return () => {}
  methods[name] = (...parameters) =>
    method((...given) => own.apply(device, given.length > 0 ? given : parameters), ...parameters)
  // What is left is the prototype's.
  return () => delete (methods as Partial<typeof methods>)[name]
}

export function totalCreated(created: Created): number {
  return Object.values(created).reduce((sum, count) => sum + count, 0)
}
