/** A tensor of onnxruntime-web whose data is in a GPU buffer. */
export interface OnnxGpuTensor {
  /** Where the data are; 'gpu-buffer' is needed. */
  readonly location: string
  /** Element type: 'float32', 'float16', 'int32' or 'uint32'. */
  readonly type: string
  /** Sizes of the axes. */
  readonly dims: readonly number[]
  /** The GPUBuffer. */
  readonly gpuBuffer: unknown
}
