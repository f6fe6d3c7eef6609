// The known pixels of a step are drawn from q(x_u | x_0), the noise level that the network was trained on; step.wgsl
// draws the others.
//#include "lib/routes.wgsl"
//#include "lib/each_element.wgsl"

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> known_tokens: array<u32>;
@group(0) @binding(2) var<storage, read> known_mask: array<u32>; // not 0: the token is known
@group(0) @binding(3) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>, 2>;
@group(0) @binding(5) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

fn element_at(token: u32) {
  if (token >= step.num_tokens) {
    return;
  }
  if (known_mask[step.known_mask_offset + token] == 0u) {
//#if CLASS_RANGES
    x_prev[step.prev_sample_offset + token] = 0u; // without the mark
//#endif
    return;
  }
  let item = step.items[item_index(token)];
  let pixel = token % step.num_pixels;
  let draw = route_draw(item.stream, pixel, step.counter);
  var known = known_tokens[step.known_tokens_offset + token];
  if (known >= NUM_CODES || is_outside(pixel, known)) {
    atomicAdd(&faults[1], 1u);
  }
  if (known >= NUM_CODES) {
    known = NUM_CODES;
  } else if (draw >= item.known.y) {
    known = uniform_class_of(item.stream, pixel, step.counter);
  } else if (draw >= item.known.x) {
    known = NUM_CODES;
  }
//#if CLASS_RANGES
  known |= KNOWN_MARK;
//#endif
  x_prev[step.prev_sample_offset + token] = known;
}
