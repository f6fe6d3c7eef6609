/** Records dispatches of a kernel in a pass of their own. */
export type Kernel = (encoder: GPUCommandEncoder, workgroups: number, times?: number) => void

/** Compiles a kernel of the benchmark's own; binds its buffers in order, as group 0. */
export async function compileKernel(
  device: GPUDevice,
  label: string,
  code: string,
  buffers: readonly GPUBuffer[],
  constants: Record<string, number> = {},
): Promise<Kernel> {
  const module = device.createShaderModule({ label, code })
  const pipeline = await device.createComputePipelineAsync({ label, layout: 'auto', compute: { module, constants } })
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }))
  const layout = entries.length > 0 && pipeline.getBindGroupLayout(0)
  const group = layout && device.createBindGroup({ label, layout, entries })
  return (encoder, workgroups, times = 1) => {
    const pass = encoder.beginComputePass({ label })
    pass.setPipeline(pipeline)
    if (group) pass.setBindGroup(0, group)
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(workgroups)
    pass.end()
  }
}

/** Workgroups for a kernel that loops over what is left. */
export function workgroupsFor(invocations: number, workgroupSize: number): number {
  return Math.min(65535, Math.max(1, Math.ceil(invocations / workgroupSize)))
}
