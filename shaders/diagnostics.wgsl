// Diagnostics of a step: entropy and highest probability of p(x_0) for each token.
//#include "lib/fetch_logits.wgsl"

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> conditional: array<Vector>;
@group(0) @binding(2) var<storage, read_write> entropy: array<f32>; // nats
@group(0) @binding(3) var<storage, read_write> top_probability: array<f32>;
@group(0) @binding(4) var<storage, read> unconditional: array<Vector>; // GUIDED
@group(0) @binding(5) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

// Sums over logits, relative to the highest of them. All terms are at least 0, so nothing cancels.
struct Sums {
  high: f32,
  total: f32, // of exp(logit - high)
  surprise: f32, // of (high - logit) exp(logit - high)
}

fn relative_to(sums: Sums, high: f32) -> Sums {
  let rise = high - sums.high;
  let scale = exp(-rise);
  return Sums(high, scale * sums.total, scale * (sums.surprise + (rise * sums.total)));
}

fn with_four(before: Sums, logits: vec4f) -> Sums {
  var sums = before;
  let highest = max(max(logits.x, logits.y), max(logits.z, logits.w));
  if (highest > sums.high) {
    sums = relative_to(sums, highest);
  }
  let is_possible = logits > vec4f(LOG_ZERO_LIMIT);
  let below = select(vec4f(), sums.high - logits, is_possible);
  let terms = select(vec4f(), exp(-below), is_possible);
  sums.total += dot(terms, vec4f(1.0));
  sums.surprise += dot(terms, below);
  return sums;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let columns = WORKGROUP_SIZE / LANES;
  let first = (workgroup_id.x + (workgroup_id.y * num_workgroups.x)) * columns;
  let token = first + column_of(local_index);
  let in_range = token < step.num_tokens;
  let lane = lane_of(local_index);
  var own = Sums(LOG_ZERO, 0.0, 0.0);
  var invalid = false;
  if (in_range) {
    let start = column_start(token);
    begin_column(token);
    for (var group = first_group + lane; group < end_group; group += GROUPS_TOGETHER * LANES) {
      let loaded = read_block(start, group);
      invalid |= loaded.invalid;
      own = with_four(own, loaded.first);
      if (GROUPS_TOGETHER == 4u) {
        own = with_four(own, loaded.second);
        own = with_four(own, loaded.third);
        own = with_four(own, loaded.fourth);
      }
    }
  }
  let high = from_ordered(column_max(local_index, ordered(own.high)));
  own = relative_to(own, high);
  let total = column_sum(local_index, own.total);
  let surprise = column_sum(local_index, own.surprise);
  // Nothing can be drawn: an invalid logit, also after guidance, or no finite one.
  let has_invalid = column_max(local_index, u32(invalid)) != 0u;
  let is_invalid = has_invalid || high >= LOGIT_LIMIT || total == 0.0;
  if (in_range && lane == 0u) {
    entropy[token] = select(log(total) + (surprise / total), 0.0, is_invalid);
    top_probability[token] = select(1.0 / total, 0.0, is_invalid);
  }
}
