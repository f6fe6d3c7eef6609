// Read later: draws x_0 of the listed tokens by a Gumbel argmax over their raw logits (no softmax, no log-sum-exp: a
// constant added to a column changes nothing), then takes the route that its draw chose.
//#include "lib/numerics.wgsl"
//#include "lib/logits.wgsl"
//#include "lib/random.wgsl"
//#include "lib/reduce.wgsl"
//#include "lib/step.wgsl"

override NUM_CODES: u32;

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read> unsettled: array<u32>; // a count, then that many tokens
@group(0) @binding(4) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(5) var<storage, read_write> x_0: array<u32>;
@group(0) @binding(6) var<storage, read_write> faults: array<atomic<u32>, 2>;
//#if GUIDED
@group(0) @binding(7) var<storage, read> unconditional: array<u32>;
//#endif

// One lane's share of a column: classes 4*lane to 4*lane + 3, then every LANES groups of four.
fn draw_x_0(token: u32, lane: u32, key: vec4u) -> Candidate {
  let item_index = token / step.num_pixels;
  let first = (item_index * step.num_pixels * NUM_CODES) + ((token % step.num_pixels) * step.pixel_stride);
  var best = Candidate(LOWEST, NO_CLASS);
  for (var group = lane; group * 4u < NUM_CODES; group += LANES) {
    let noise = exponentials(key, group);
    for (var i = 0u; i < 4u; i++) {
      let class_index = group * 4u + i;
      if (class_index >= NUM_CODES) {
        break;
      }
      let index = first + (class_index * step.class_stride);
//#if GUIDED
      let logit = guided_logit(
        conditional[step.conditional_offset + index],
        unconditional[step.unconditional_offset + index],
        step.guidance_scale,
      );
//#else
      let logit = plain_logit(conditional[step.conditional_offset + index]);
//#endif
      if (logit.kind == LOGIT_INVALID) {
        best.class_index = INVALID_CLASS;
        return best;
      }
      if (logit.kind == LOGIT_FINITE) {
        let score = logit.value - log(noise[i]);
        if (score > best.score) {
          best = Candidate(score, class_index);
        }
      }
    }
  }
  return best;
}

fn finish(token: u32, drawn: Candidate) {
  let class_t = min(x_t[step.sample_offset + token], NUM_CODES);
  let is_masked = class_t == NUM_CODES;
  let item = step.items[token / step.num_pixels];
  let stream = ItemStream(item.seed, item.item);
  let pixel = token % step.num_pixels;
  if ((step.flags & FLAG_LISTED) == 0u && (x_t[step.sample_offset + token] > NUM_CODES || (is_masked && item.mask_possible == 0u))) {
    atomicAdd(&faults[1], 1u);
  }
  let draw = route_draw(stream, pixel, step.counter);
  var class_0 = drawn.class_index;
  var taken = route(item, is_masked, class_0 == class_t, draw);
  if (class_0 >= NUM_CODES) {
    // Nothing can be drawn: counted, and a token that needs x_0 stays what it was.
    atomicAdd(&faults[0], 1u);
    class_0 = class_t;
    taken = select(ROUTE_KEEP, ROUTE_UNIFORM, settled_route(item, is_masked, draw) == ROUTE_UNIFORM);
  }
  var result = class_0;
  if (taken == ROUTE_KEEP) {
    result = class_t;
  } else if (taken == ROUTE_UNIFORM) {
    result = uniform_class(stream, pixel, step.counter, NUM_CODES);
  }
  x_prev[step.prev_sample_offset + token] = result;
  if ((step.flags & FLAG_WRITE_X_0) != 0u) {
    x_0[step.x_0_offset + token] = class_0;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let listed = (step.flags & FLAG_LISTED) != 0u;
  let columns = WORKGROUP_SIZE / LANES;
  let count = select(step.num_tokens, unsettled[0], listed);
  let lane = local_index % LANES;
  for (var first = workgroup_id.x * columns; first < count; first += num_workgroups.x * columns) {
    let position = first + (local_index / LANES);
    var token = 0u;
    var candidate = Candidate(LOWEST, NO_CLASS);
    if (position < count) {
      token = position;
      if (listed) {
        token = unsettled[1u + position];
      }
      let item = step.items[token / step.num_pixels];
      let key = pixel_key(ItemStream(item.seed, item.item), token % step.num_pixels, step.counter, PURPOSE_X0);
      candidate = draw_x_0(token, lane, key);
    }
    let drawn = reduce_candidates(local_index, candidate);
    if (lane == 0u && position < count) {
      finish(token, drawn);
    }
  }
}
