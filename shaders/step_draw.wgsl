// Read later: draws x_0 of the listed tokens by a Gumbel argmax over their raw logits (no softmax, no log-sum-exp: a
// constant added to a column changes nothing), then takes the route that its draw chose.
//#include "lib/numerics.wgsl"
//#include "lib/columns.wgsl"
//#include "lib/logits.wgsl"
//#include "lib/random.wgsl"
//#include "lib/reduce.wgsl"
//#include "lib/step.wgsl"

override NUM_CODES: u32;

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> conditional: array<Vector>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read> unsettled: array<u32>; // a count, then that many tokens; under PURITY (token, exponent) pairs
@group(0) @binding(4) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(5) var<storage, read_write> x_0: array<u32>;
@group(0) @binding(6) var<storage, read_write> faults: array<atomic<u32>, 2>;
//#if GUIDED
@group(0) @binding(7) var<storage, read> unconditional: array<Vector>;
//#endif

// Four classes at a time, 4*group to 4*group + 3.
struct Four {
  classes: vec4u,
  values: vec4f,
  counts: vec4<bool>,
  invalid: bool,
}

// The index of a token's class 0, from the beginning of the logits.
fn column_start(token: u32) -> u32 {
  let item_start = (token / step.num_pixels) * step.num_pixels * NUM_CODES;
  return item_start + ((token % step.num_pixels) * step.pixel_stride);
}

fn four_logits(start: u32, group: u32) -> Four {
  let classes = vec4u(group * 4u) + vec4u(0u, 1u, 2u, 3u);
//#if VECTORS
  let known = classes;
  let conditional_four = four_bits(conditional[((step.conditional_offset + start) / 4u) + group]);
//#if GUIDED
  let unconditional_four = four_bits(unconditional[((step.unconditional_offset + start) / 4u) + group]);
//#endif
//#else
  // Beyond the last class that is read again; it does not count.
  let known = min(classes, vec4u(NUM_CODES - 1u));
  let at = vec4u(step.conditional_offset + start) + (known * step.class_stride);
  let conditional_four = vec4u(conditional_bits(at.x), conditional_bits(at.y), conditional_bits(at.z), conditional_bits(at.w));
//#if GUIDED
  let beside = vec4u(step.unconditional_offset + start) + (known * step.class_stride);
  let unconditional_four =
    vec4u(unconditional_bits(beside.x), unconditional_bits(beside.y), unconditional_bits(beside.z), unconditional_bits(beside.w));
//#endif
//#endif
//#if GUIDED
  let logits = guided_logits(conditional_four, unconditional_four, step.guidance_scale);
//#else
  let logits = plain_logits(conditional_four);
//#endif
  return Four(classes, logits.values, logits.finite & (classes == known), any(logits.invalid));
}

//#if TRUNCATED
//#if HELD
// The column, guided, as bits: after the first pass it is not fetched again. Every lane reads what it wrote itself.
override COLUMN_GROUPS: u32;
var<workgroup> held: array<vec4u, COLUMN_GROUPS>;

fn held_logits(start: u32, group: u32, first_pass: bool) -> Four {
  if (first_pass) {
    let four = four_logits(start, group);
    held[group] = select(vec4u(NEGATIVE_INFINITY_BITS), bitcast<vec4u>(four.values), four.counts);
    return four;
  }
  let logits = plain_logits(held[group]);
  return Four(vec4u(group * 4u) + vec4u(0u, 1u, 2u, 3u), logits.values, logits.finite, false);
}
//#endif

// The best of one lane's classes that rank before a bound, and their mass.
struct Share {
  best: Candidate,
  logit: f32, // of the best
  mass: LogSumExp,
}

// A place in the order of falling logits, equal ones by rising class.
struct Rank {
  logit: f32,
  class_index: u32,
}

fn rank_before(four: Four, bound: Rank) -> vec4<bool> {
  let ties = (four.values == vec4f(bound.logit)) & (vec4u(bound.class_index) > four.classes);
  return (four.values > vec4f(bound.logit)) | ties;
}

// Classes 4*lane to 4*lane + 3, then every LANES groups of four. `all`, the first pass, ignores the bound.
fn draw_share(start: u32, lane: u32, key: vec4u, all: bool, bound: Rank) -> Share {
  var share = Share(Candidate(LOWEST, NO_CLASS), LOWEST, LogSumExp(LOG_ZERO, 0.0, 0u));
  var invalid = false; // looked at in the end only: a loop that may end early cannot read ahead
  for (var group = lane; group * 4u < NUM_CODES; group += LANES) {
//#if HELD
    let four = held_logits(start, group, all);
//#else
    let four = four_logits(start, group);
//#endif
    invalid = invalid || four.invalid;
    let among = four.counts & (vec4<bool>(all) | rank_before(four, bound));
    if (!any(among)) {
      continue;
    }
    let terms = select(vec4f(LOG_ZERO), four.values, among);
    let high = max(max(share.mass.high, max(terms.x, terms.y)), max(terms.z, terms.w));
    let masses = select(vec4f(0.0), exp(terms - high), among);
    share.mass = LogSumExp(high, (share.mass.sum * exp(share.mass.high - high)) + dot(masses, vec4f(1.0)), 0u);
    let scores = select(vec4f(LOWEST), four.values - log(exponentials(key, group)), among);
    if (any(scores > vec4f(share.best.score))) {
      for (var i = 0u; i < 4u; i++) {
        if (scores[i] > share.best.score) {
          share.best = Candidate(scores[i], four.classes[i]);
          share.logit = four.values[i];
        }
      }
    }
  }
  if (invalid) {
    share.best.class_index = INVALID_CLASS;
  }
  return share;
}

// Draws from the classes that truncation keeps, without sorting: draw from all; if the mass ranked before the drawn class
// reaches the rate, the class is not kept, so draw again among those ranked before it, with the same noise. What is
// accepted has the highest noised score of the kept set, as if the others had been struck out.
fn draw_truncated(local_index: u32, start: u32, in_range: bool, key: vec4u) -> Candidate {
  let lane = lane_of(local_index);
  var drawn = Candidate(LOWEST, NO_CLASS);
  var bound = Rank(LOWEST, 0u);
  var total = LogSumExp(LOG_ZERO, 0.0, 0u);
  var first_pass = true;
  var pending = in_range;
  loop {
    var share = Share(Candidate(LOWEST, NO_CLASS), LOWEST, LogSumExp(LOG_ZERO, 0.0, 0u));
    if (pending) {
      share = draw_share(start, lane, key, first_pass, bound);
    }
    let mass = reduce_log_sum_exp(local_index, share.mass);
    let best = broadcast_candidate(local_index, reduce_candidates(local_index, share.best));
    let logit = broadcast_from(
      local_index,
      best.class_index < NUM_CODES && share.best.class_index == best.class_index,
      share.logit,
    );
    if (pending) {
      if (first_pass) {
        total = mass;
      }
      let before = mass.sum * exp(mass.high - total.high);
      if (!first_pass && (best.class_index == NO_CLASS || before < step.truncation_rate * total.sum)) {
        pending = false; // what was drawn last is kept
      } else {
        drawn = best;
        bound = Rank(logit, best.class_index);
        pending = best.class_index < NUM_CODES;
      }
    }
    first_pass = false;
    if (reduce_count(local_index, u32(pending)) == 0u) {
      break;
    }
  }
  return drawn;
}
//#else
// One lane's share of a column: classes 4*lane to 4*lane + 3, then every LANES groups of four. The exponent sharpens
// the prediction: p^exponent.
fn draw_x_0(start: u32, lane: u32, key: vec4u, exponent: f32) -> Candidate {
  var best = Candidate(LOWEST, NO_CLASS);
  var invalid = false; // looked at in the end only: a loop that may end early cannot read ahead
  for (var group = lane; group * 4u < NUM_CODES; group += LANES) {
    let four = four_logits(start, group);
    invalid = invalid || four.invalid;
    let noised = (exponent * four.values) - log(exponentials(key, group));
    let scores = select(vec4f(LOWEST), noised, four.counts);
    if (any(scores > vec4f(best.score))) {
      for (var i = 0u; i < 4u; i++) {
        if (scores[i] > best.score) {
          best = Candidate(scores[i], four.classes[i]);
        }
      }
    }
  }
  if (invalid) {
    best.class_index = INVALID_CLASS;
  }
  return best;
}
//#endif

// A key costs as much as dozens of classes: one lane makes it for its column.
var<workgroup> keys: array<vec4u, WORKGROUP_SIZE>;

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
//#if PURITY
  var taken = ROUTE_READ; // what was chosen is revealed
//#else
  var taken = route(item, is_masked, class_0 == class_t, draw);
//#endif
  if (class_0 >= NUM_CODES) {
    // Nothing can be drawn: counted, and a token that needs x_0 stays what it was.
//#if PURITY
//#else
    atomicAdd(&faults[0], 1u); // purity_top has counted it otherwise
//#endif
    class_0 = class_t;
    let keeps = taken == ROUTE_READ || settled_route(item, is_masked, draw) != ROUTE_UNIFORM;
    taken = select(ROUTE_UNIFORM, ROUTE_KEEP, keeps);
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
  let lane = lane_of(local_index);
  for (var first = workgroup_id.x * columns; first < count; first += num_workgroups.x * columns) {
    let position = first + column_of(local_index);
    let in_range = position < count;
    var token = 0u;
    var exponent = 1.0;
    if (in_range) {
      token = position;
//#if PURITY
      token = unsettled[1u + (2u * position)];
      exponent = bitcast<f32>(unsettled[2u + (2u * position)]);
//#else
      if (listed) {
        token = unsettled[1u + position];
      }
//#endif
    }
    if (lane == 0u) {
      let item = step.items[token / step.num_pixels];
      keys[column_of(local_index)] =
        pixel_key(ItemStream(item.seed, item.item), token % step.num_pixels, step.counter, PURPOSE_X0);
    }
    workgroupBarrier();
    let key = keys[column_of(local_index)];
//#if TRUNCATED
    let drawn = draw_truncated(local_index, column_start(token), in_range, key);
//#else
    var candidate = Candidate(LOWEST, NO_CLASS);
    if (in_range) {
      candidate = draw_x_0(column_start(token), lane, key, exponent);
    }
    let drawn = reduce_candidates(local_index, candidate);
//#endif
    if (lane == 0u && in_range) {
      finish(token, drawn);
    }
  }
}
