// The draw of diffusers' step (docs/MATH.md#gumbel-noise): argmax of scores + Gumbel noise of supplied uniforms; the
// lowest class wins ties. The scores are the log posterior or, without POSTERIOR, the logits.
//#include "lib/column_logits.wgsl"
//#include "lib/posterior.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Posterior;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read> noise: array<u32>;
@group(0) @binding(4) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(5) var<storage, read_write> faults: array<atomic<u32>, 2>;
@group(0) @binding(6) var<storage, read> unconditional: array<u32>; // GUIDED

// The best class so far.
struct Candidate {
  score: f32,
  class_index: u32,
}

// The class with the best score of each column, known to all its lanes; the lowest class wins ties. An invalid logit or
// uniform makes the column invalid. Uniform control flow only.
fn best_class(local_index: u32, candidate: Candidate) -> u32 {
  let order = select(ordered(candidate.score), INVALID_CLASS, candidate.class_index == INVALID_CLASS);
  let is_best = order == column_max(local_index, order);
  return ~column_max(local_index, select(0u, ~candidate.class_index, is_best));
}

fn column(local_index: u32, token: u32, in_range: bool) {
  let lane = lane_of(local_index);
  var class_t = 0u;
  var item: PosteriorItem;
  if (in_range) {
    class_t = x_t[parameters.sample_offset + token];
//#if COUNTED
    item = parameters.items[token / parameters.num_pixels];
    if (lane == 0u && (class_t > NUM_CODES || !is_possible(item, min(class_t, NUM_CODES)))) {
      atomicAdd(&faults[1], 1u);
    }
    class_t = min(class_t, NUM_CODES);
//#else
    class_t = min(class_t, NUM_CODES - 1u); // the scores have a row for the mask
//#endif
  }
  var takes_part = in_range;
//#if POSTERIOR
  takes_part = in_range && is_possible(item, class_t);
  var partial = LogSumExp(LOG_ZERO, 0.0, 0u);
  if (takes_part) {
    for (var k = lane; k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      partial = add_term(partial, posterior_term(item, class_t, k, logit.value));
      partial.invalid |= u32(logit.invalid);
    }
  }
  let total = reduce_log_sum_exp(local_index, partial);
  let log_total = total.high + log(total.sum);
//#endif
  var candidate = Candidate(LOG_ZERO_LIMIT, NO_CLASS);
  if (takes_part) {
    for (var k = lane; k < parameters.rows; k += LANES) {
      var logit = Logit(LOG_ZERO, false);
      if (k < NUM_CODES) {
        logit = logit_of(token, k);
      }
//#if POSTERIOR
      let score = posterior_row(item, class_t, k, posterior_term(item, class_t, k, logit.value), log_total);
//#else
      let score = logit.value;
//#endif
      let index = element(parameters.class_major != 0u, parameters.rows, parameters.num_pixels, token, k);
      let uniform_bits = noise[parameters.noise_offset + index];
      if (logit.invalid || !is_uniform(uniform_bits)) {
        candidate.class_index = INVALID_CLASS;
        break;
      }
      if (score > LOG_ZERO_LIMIT) {
        let noised = score + gumbel_of_uniform(bitcast<f32>(uniform_bits));
        if (noised > candidate.score) {
          candidate = Candidate(noised, k);
        }
      }
    }
  }
  let drawn = best_class(local_index, candidate);
  if (lane == 0u && in_range) {
    var result = drawn;
    if (result > NUM_CODES) {
      atomicAdd(&faults[0], u32(takes_part)); // an impossible token is counted already
      result = class_t;
    }
    x_prev[parameters.output_offset + token] = result;
  }
}
