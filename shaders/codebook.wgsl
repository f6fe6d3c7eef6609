// Codebook vectors of tokens, [B, N] to [B, E, N] (docs/MATH.md#codebook).
//#include "lib/numerics.wgsl"
//#include "lib/each_element.wgsl"

struct Codebook {
  size: u32,
  num_pixels: u32,
  embedding_size: u32,
  tokens_offset: u32,
  codebook_offset: u32,
}

@group(0) @binding(0) var<storage, read> parameters: Codebook;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read> codebook: array<u32>; // copied as bits, which also keeps NaN
@group(0) @binding(3) var<storage, read_write> embeddings: array<u32>;
@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>, 2>;

fn element_at(i: u32) {
  if (i >= parameters.size) {
    return;
  }
  let component = (i / parameters.num_pixels) % parameters.embedding_size;
  let item = i / (parameters.num_pixels * parameters.embedding_size);
  let token = tokens[parameters.tokens_offset + (item * parameters.num_pixels) + (i % parameters.num_pixels)];
  if (component == 0u && token >= NUM_CODES) {
    atomicAdd(&faults[1], 1u); // the mask has no vector
  }
  let row = min(token, NUM_CODES - 1u);
  embeddings[i] = codebook[parameters.codebook_offset + (row * parameters.embedding_size) + component];
}
