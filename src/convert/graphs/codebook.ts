import type { Weights } from '../checkpoint/checkpoint'

/** The vectors of a model's classes: those of the codebook, or those of its entries that `codes` names. */
export async function codebookOf(weights: Weights, codes: Int32Array | undefined): Promise<Float32Array> {
  const book = await weights.read('quantize.embedding.weight')
  if (!codes) return book
  const width = weights.shapes.get('quantize.embedding.weight')![1]!
  const vectors = new Float32Array(codes.length * width)
  codes.forEach((code, i) => {
    vectors.set(book.subarray(code * width, (code + 1) * width), i * width)
  })
  return vectors
}
