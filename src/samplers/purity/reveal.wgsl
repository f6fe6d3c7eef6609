// Reveals the chosen tokens: each draws x_0 from p^exponent. All others keep x_t.
//#include "lib/tile.wgsl"

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> conditional: array<Vector>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>, 2>;
@group(0) @binding(5) var<storage, read> exponents: array<f32>; // 0: the token is not chosen
@group(0) @binding(6) var<storage, read> unconditional: array<Vector>; // GUIDED
@group(0) @binding(7) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

fn exponent_of(token: u32) -> f32 {
  return exponents[token];
}

fn decide(token: u32) {
  let item = step.items[item_index(token)];
  let class_t = x_t[step.sample_offset + token];
  let is_possible = select(item.ordinary_possible, item.mask_possible, class_t == NUM_CODES) != 0u;
  if (class_t > NUM_CODES || !is_possible || is_outside(token % step.num_pixels, class_t)) {
    atomicAdd(&faults[1], 1u);
  }
  if (exponents[token] == 0.0) {
    x_prev[step.prev_sample_offset + token] = min(class_t, NUM_CODES);
  } else {
    list_token(token, 0u, item.stream);
  }
}

fn finish(token: u32, draw: u32, drawn: u32) {
  // A token of which nothing can be drawn stays masked. top_probability.wgsl has counted it, unless sharpening made its
  // column invalid; others have purity 0.
  if (drawn >= NUM_CODES && exponents[token] != 1.0) {
    atomicAdd(&faults[0], 1u);
  }
  x_prev[step.prev_sample_offset + token] = min(drawn, NUM_CODES);
}
