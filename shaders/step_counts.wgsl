// Counts the tokens that a step has changed, and the columns of logits that it has to read for x_u: those of tokens whose
// route depends on x_0.
//#include "lib/routes.wgsl"
//#include "lib/each_element.wgsl"

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> x_t: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>, 2>; // tokens changed, columns read
@group(0) @binding(3) var<storage, read> known_mask: array<u32>; // KNOWN: not 0 where x_0 is known
@group(0) @binding(4) var<storage, read> x_prev: array<u32>;
@group(0) @binding(5) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

fn element_at(token: u32) {
  if (token >= step.num_tokens) {
    return;
  }
  if (x_t[step.sample_offset + token] != x_prev[step.prev_sample_offset + token]) {
    atomicAdd(&counts[0], 1u);
  }
//#if KNOWN
  if (known_mask[step.known_mask_offset + token] != 0u) {
    return;
  }
//#endif
  let item = step.items[item_index(token)];
  let is_masked = x_t[step.sample_offset + token] >= NUM_CODES;
  let draw = route_draw(item.stream, token % step.num_pixels, step.counter);
  if (settled_route(item, is_masked, draw) == ROUTE_UNSETTLED) {
    atomicAdd(&counts[1], 1u);
  }
}
