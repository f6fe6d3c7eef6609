// One reverse step x_t -> x_u (docs/MATH.md#route-table): a token keeps x_t, takes a uniform class, or takes the drawn
// x_0.
//#include "lib/tile.wgsl"

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> conditional: array<Vector>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>, 2>; // invalid columns, impossible tokens
@group(0) @binding(5) var<storage, read_write> x_0: array<u32>;
@group(0) @binding(6) var<storage, read> unconditional: array<Vector>; // GUIDED
@group(0) @binding(7) var<storage, read> known_mask: array<u32>; // KNOWN: not 0 where known.wgsl has written x_prev
@group(0) @binding(8) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

fn exponent_of(token: u32) -> f32 {
  return 1.0;
}

fn decide(token: u32) {
//#if KNOWN
//#if CLASS_RANGES
  // There is no room for another binding: known.wgsl marks what it has written.
  let known = x_prev[step.prev_sample_offset + token];
  if ((known & KNOWN_MARK) != 0u) {
    x_prev[step.prev_sample_offset + token] = known & ~KNOWN_MARK;
    return;
  }
//#else
  if (known_mask[step.known_mask_offset + token] != 0u) {
    return;
  }
//#endif
//#endif
  let item = step.items[item_index(token)];
  let pixel = token % step.num_pixels;
  let class_t = x_t[step.sample_offset + token];
  let is_masked = class_t >= NUM_CODES;
  let is_possible = select(item.ordinary_possible, item.mask_possible, is_masked) != 0u && !is_outside(pixel, class_t);
  if (class_t > NUM_CODES || !is_possible) {
    atomicAdd(&faults[1], 1u);
  }
  let draw = route_draw(item.stream, pixel, step.counter);
  let settled = settled_route(item, is_masked, draw);
  if (settled == ROUTE_UNSETTLED || (step.flags & FLAG_WRITE_X_0) != 0u) {
    list_token(token, draw, item.stream);
    return;
  }
  var result = min(class_t, NUM_CODES);
  if (settled == ROUTE_UNIFORM) {
    result = uniform_class_of(item.stream, pixel, step.counter);
  }
  x_prev[step.prev_sample_offset + token] = result;
}

fn finish(token: u32, draw: u32, drawn: u32) {
  let item = step.items[item_index(token)];
  let class_t = min(x_t[step.sample_offset + token], NUM_CODES);
  let is_masked = class_t == NUM_CODES;
  var class_0 = drawn;
  var taken = route(item, is_masked, class_0 == class_t, draw);
  if (class_0 >= NUM_CODES) {
    // Nothing can be drawn: counted, and a token whose route depends on x_0 keeps x_t.
    atomicAdd(&faults[0], 1u);
    class_0 = class_t;
    if (settled_route(item, is_masked, draw) != ROUTE_UNIFORM) {
      taken = ROUTE_KEEP;
    }
  }
  var result = class_0;
  if (taken == ROUTE_KEEP) {
    result = class_t;
  } else if (taken == ROUTE_UNIFORM) {
    result = uniform_class_of(item.stream, token % step.num_pixels, step.counter);
  }
  x_prev[step.prev_sample_offset + token] = result;
  if ((step.flags & FLAG_WRITE_X_0) != 0u) {
    x_0[step.x_0_offset + token] = class_0;
  }
}
