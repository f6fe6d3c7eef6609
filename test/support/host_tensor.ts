export interface FloatTensor {
  readonly data: Float32Array<ArrayBuffer>
  readonly shape: readonly number[]
}
export interface TokenTensor {
  readonly data: Uint32Array<ArrayBuffer>
  readonly shape: readonly number[]
}
