// The forward process x_0 -> x_t: each token is kept, masked, or replaced by a uniform class
// (docs/MATH.md#forward-process).
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"
//#include "lib/class_ranges.wgsl"
//#include "lib/each_element.wgsl"

struct NoiseItem {
  stream: ItemStream,
  // Cumulative probabilities in units of 2^-31: below x kept, [x, y) masked, the rest a uniform class.
  thresholds: vec2u,
}

struct AddNoise {
  num_tokens: u32,
  num_pixels: u32,
  counter: u32,
  x_0_offset: u32,
  items: array<NoiseItem>,
}

@group(0) @binding(0) var<storage, read> parameters: AddNoise;
@group(0) @binding(1) var<storage, read> x_0: array<u32>;
@group(0) @binding(2) var<storage, read_write> x_t: array<u32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 2>;
@group(0) @binding(4) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

fn element_at(token: u32) {
  if (token >= parameters.num_tokens) {
    return;
  }
  let item = parameters.items[token / parameters.num_pixels];
  let pixel = token % parameters.num_pixels;
  let class_0 = x_0[parameters.x_0_offset + token];
  if (class_0 > NUM_CODES || is_outside(pixel, class_0)) {
    atomicAdd(&faults[1], 1u);
  }
  let draw = route_draw(item.stream, pixel, parameters.counter);
  if (class_0 >= NUM_CODES || (draw >= item.thresholds.x && draw < item.thresholds.y)) {
    x_t[token] = NUM_CODES; // the mask is absorbing
  } else if (draw < item.thresholds.x) {
    x_t[token] = class_0;
  } else {
    x_t[token] = uniform_class_of(item.stream, pixel, parameters.counter);
  }
}
