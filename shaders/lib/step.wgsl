// One reverse step t -> u of the two-stage sampler: which route a token takes, and what can be said before reading
// its logits. Thresholds are cumulative probabilities in units of 2^-31, made on the host from the route table.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"

struct Item {
  stream: ItemStream,
  mask_possible: u32,
  // x_t is the mask: [0, x) stays masked, [x, y) uniform class, the rest x_0.
  masked: vec2u,
  // x_t is ordinary, whatever x_0 is: [0, x) keeps x_t, [x, y) uniform class, the rest depends on x_0.
  settled: vec2u,
  // The rest, if x_0 differs from x_t or agrees with it: below x keeps x_t, [x, y) uniform class, the rest x_0.
  differs: vec2u,
  agrees: vec2u,
  // The forward process at u, for a pixel whose x_0 is known: below x keeps it, [x, y) masks it, the rest a uniform class.
  known: vec2u,
}

struct Step {
  num_tokens: u32,
  num_pixels: u32,
  counter: u32,
  flags: u32,
  tile: u32, // tokens that a workgroup decides at a time
  conditional_offset: u32,
  unconditional_offset: u32,
  sample_offset: u32,
  prev_sample_offset: u32,
  x_0_offset: u32,
  class_stride: u32,
  pixel_stride: u32,
  guidance_scale: f32,
  truncation_rate: f32,
  known_tokens_offset: u32,
  known_mask_offset: u32,
  items: array<Item>,
}

// Settled tokens read their logits too: somebody wants their x_0.
const FLAG_WRITE_X_0 = 1u;

const ROUTE_KEEP = 0u;
const ROUTE_UNIFORM = 1u;
const ROUTE_READ = 2u;

// The route of a token as far as it is settled without x_0; ROUTE_READ if it is not. Staying masked is keeping x_t.
fn settled_route(item: Item, is_masked: bool, draw: u32) -> u32 {
  let thresholds = select(item.settled, item.masked, is_masked);
  return select(select(ROUTE_READ, ROUTE_UNIFORM, draw < thresholds.y), ROUTE_KEEP, draw < thresholds.x);
}

// The route of a token whose x_0 is known; here ROUTE_READ takes x_0.
fn route(item: Item, is_masked: bool, agrees: bool, draw: u32) -> u32 {
  let settled = settled_route(item, is_masked, draw);
  if (settled != ROUTE_READ || is_masked) {
    return settled;
  }
  let thresholds = select(item.differs, item.agrees, agrees);
  return select(select(ROUTE_READ, ROUTE_UNIFORM, draw < thresholds.y), ROUTE_KEEP, draw < thresholds.x);
}
