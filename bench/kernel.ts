/** A compute kernel of the benchmark's own: one bind group, group 0, in the order of its buffers. */
export class Kernel {
  private constructor(
    private readonly device: GPUDevice,
    private readonly pipeline: GPUComputePipeline,
  ) {}

  static async compile(
    device: GPUDevice,
    label: string,
    code: string,
    constants: Record<string, number>,
    buffers: readonly GPUBufferBindingType[],
  ): Promise<Kernel> {
    const layout = device.createBindGroupLayout({
      label,
      entries: buffers.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
    })
    const pipeline = await device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ label, code }), entryPoint: 'main', constants },
    })
    return new Kernel(device, pipeline)
  }

  bind(...buffers: readonly GPUBuffer[]): GPUBindGroup {
    return this.device.createBindGroup({
      label: this.pipeline.label,
      layout: this.pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    })
  }

  dispatch(pass: GPUComputePassEncoder, bindings: GPUBindGroup, workgroups: number): void {
    pass.setPipeline(this.pipeline)
    pass.setBindGroup(0, bindings)
    pass.dispatchWorkgroups(workgroups)
  }
}
