// Parameters of the kernels of purity-prior sampling (docs/MATH.md#purity).
//#include "lib/random.wgsl"

struct PurityItem {
  stream: ItemStream,
  revealed_after: u32, // tokens of the item that are revealed when the step is done
}

struct Purity {
  num_tokens: u32,
  num_pixels: u32,
  class_major: u32,
  conditional_offset: u32,
  unconditional_offset: u32,
  guidance_scale: f32,
  sample_offset: u32,
  prev_sample_offset: u32,
  counter: u32,
  prior_weight: f32, // r: a token of purity pi draws from p^(1 + r pi)
  by_purity: u32, // 0: tokens are chosen with equal weights
  tokens_per_call: u32, // tokens of an item that are revealed at most, except for one that would be left over
  items: array<PurityItem>,
}
