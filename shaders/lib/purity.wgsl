// Parameters of the purity-prior kernels.
//#include "lib/random.wgsl"

struct PurityItem {
  stream: ItemStream,
  // How many tokens of the item are to be revealed after this step, those revealed before included.
  revealed_after: u32,
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
  // How much a token's purity sharpens its prediction.
  prior_weight: f32,
  // Whether tokens are chosen by their purity, or all alike.
  by_purity: u32,
  items: array<PurityItem>,
}
