// Decide first: settles every token whose outcome does not depend on its logits, and lists the others.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"
//#include "lib/step.wgsl"

override NUM_CODES: u32;

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> x_t: array<u32>;
@group(0) @binding(2) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(3) var<storage, read_write> unsettled: array<atomic<u32>>; // a count, then that many tokens
@group(0) @binding(4) var<storage, read_write> draw_workgroups: array<atomic<u32>, 3>; // indirect arguments of step_draw
@group(0) @binding(5) var<storage, read_write> faults: array<atomic<u32>, 2>;

//#if KNOWN
@group(0) @binding(6) var<storage, read> known_tokens: array<u32>;
@group(0) @binding(7) var<storage, read> known_mask: array<u32>; // not 0: the token is known
//#endif

override COLUMNS_PER_WORKGROUP: u32; // of step_draw
const MAX_WORKGROUPS = 65535u;

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
) {
  let token = id.x + (id.y * num_workgroups.x * 64u);
  if (token >= step.num_tokens) {
    return;
  }
  let item = step.items[token / step.num_pixels];
  let stream = ItemStream(item.seed, item.item);
  let pixel = token % step.num_pixels;
  let destination = step.prev_sample_offset + token;
  let draw = route_draw(stream, pixel, step.counter);
//#if KNOWN
  // What is known is drawn anew from q(x_u | x_0), so that the network sees what it was trained on.
  if (known_mask[step.known_mask_offset + token] != 0u) {
    var known = known_tokens[step.known_tokens_offset + token];
    if (known >= NUM_CODES) {
      atomicAdd(&faults[1], 1u);
      known = NUM_CODES;
    } else if (draw >= item.known.y) {
      known = uniform_class(stream, pixel, step.counter, NUM_CODES);
    } else if (draw >= item.known.x) {
      known = NUM_CODES;
    }
    x_prev[destination] = known;
    return;
  }
//#endif
  let class_t = x_t[step.sample_offset + token];
  let is_masked = class_t >= NUM_CODES;
  if (class_t > NUM_CODES || (is_masked && item.mask_possible == 0u)) {
    atomicAdd(&faults[1], 1u);
  }
  let settled = settled_route(item, is_masked, draw);
  if (settled == ROUTE_READ || (step.flags & FLAG_LIST_ALL) != 0u) {
    let position = atomicAdd(&unsettled[0], 1u);
    atomicStore(&unsettled[1u + position], token);
    atomicMax(&draw_workgroups[0], min((position / COLUMNS_PER_WORKGROUP) + 1u, MAX_WORKGROUPS));
  } else if (settled == ROUTE_UNIFORM) {
    x_prev[destination] = uniform_class(stream, pixel, step.counter, NUM_CODES);
  } else {
    x_prev[destination] = min(class_t, NUM_CODES);
  }
}
