// The routes of one reverse step t -> u: where x_u comes from, and what can be decided before x_0 is drawn
// (docs/MATH.md#route-table, docs/MATH.md#decide-first). The host computes the thresholds, cumulative probabilities in
// units of 2^-31, from the route table.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"
//#include "lib/class_ranges.wgsl"

struct StepItem {
  stream: ItemStream,
  mask_possible: u32, // 0: the schedule never masks
  ordinary_possible: u32, // 0: the schedule masks every token by t
  // x_t is the mask: [0, x) stays masked, [x, y) uniform class, the rest x_0.
  masked: vec2u,
  // x_t is ordinary, for every x_0: [0, x) keeps x_t, [x, y) uniform class, the rest depends on x_0.
  settled: vec2u,
  // The rest, if x_0 differs from x_t or equals it: below x keeps x_t, [x, y) uniform class, the rest x_0.
  differs: vec2u,
  agrees: vec2u,
  // The forward process at u, for a pixel whose x_0 is known: below x keeps it, [x, y) masks it, the rest a uniform
  // class.
  known: vec2u,
}

struct Step {
  num_tokens: u32,
  num_pixels: u32,
  counter: u32,
  flags: u32,
  tile: u32, // tokens that a workgroup decides
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
  num_kinds: u32, // numbers of classes that a latent pixel can have; each has an item of its own, next to each other
  items: array<StepItem>,
}

// x_0 of every token is wanted: settled tokens draw it too.
const FLAG_WRITE_X_0 = 1u;

// In x_prev, of what known.wgsl has written.
const KNOWN_MARK = 0x80000000u;

// The item of `step.items` that a token belongs to.
fn item_index(token: u32) -> u32 {
//#if CLASS_RANGES
  return ((token / step.num_pixels) * step.num_kinds) + class_range(token % step.num_pixels).kind;
//#else
  return token / step.num_pixels;
//#endif
}

const ROUTE_KEEP = 0u; // of a masked token: stays masked
const ROUTE_UNIFORM = 1u;
const ROUTE_X_0 = 2u;
const ROUTE_UNSETTLED = 3u; // depends on x_0

fn route_below(thresholds: vec2u, draw: u32, otherwise: u32) -> u32 {
  return select(select(otherwise, ROUTE_UNIFORM, draw < thresholds.y), ROUTE_KEEP, draw < thresholds.x);
}

// The route of a token before x_0 is drawn.
fn settled_route(item: StepItem, is_masked: bool, draw: u32) -> u32 {
  return route_below(select(item.settled, item.masked, is_masked), draw, ROUTE_UNSETTLED);
}

// The route of a token whose x_0 is drawn.
fn route(item: StepItem, is_masked: bool, agrees: bool, draw: u32) -> u32 {
  let settled = settled_route(item, is_masked, draw);
  if (settled != ROUTE_UNSETTLED) {
    return settled;
  }
  if (is_masked) {
    return ROUTE_X_0;
  }
  return route_below(select(item.differs, item.agrees, agrees), draw, ROUTE_X_0);
}
