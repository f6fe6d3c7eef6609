// Diagnostics of a step: entropy and highest probability of p(x_0) for each token, and the number of tokens changed.
//#include "lib/column_logits.wgsl"

struct Diagnostics {
  num_tokens: u32,
  num_pixels: u32,
  class_major: u32,
  conditional_offset: u32,
  unconditional_offset: u32,
  guidance_scale: f32,
  sample_offset: u32,
  prev_sample_offset: u32,
}

@group(0) @binding(0) var<storage, read> parameters: Diagnostics;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read> x_prev: array<u32>;
@group(0) @binding(4) var<storage, read_write> entropy: array<f32>; // nats
@group(0) @binding(5) var<storage, read_write> top_probability: array<f32>;
@group(0) @binding(6) var<storage, read_write> counts: array<atomic<u32>, 2>; // tokens changed, columns read
@group(0) @binding(7) var<storage, read> unconditional: array<u32>; // GUIDED

fn column(local_index: u32, token: u32, in_range: bool) {
  let lane = lane_of(local_index);
  let total = column_log_sum_exp(local_index, token, in_range);
  let log_total = total.high + log(total.sum);
  // Entropy is log_total minus the mean logit: sum of p (log_total - logit), each term at least 0.
  var surprise = 0.0;
  if (in_range) {
    for (var k = lane; k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      if (logit.value > LOG_ZERO) {
        surprise += exp(logit.value - log_total) * (log_total - logit.value);
      }
    }
  }
  let mean_surprise = column_sum(local_index, surprise);
  if (in_range && lane == 0u) {
    let invalid = is_invalid_column(total);
    entropy[token] = select(mean_surprise, 0.0, invalid);
    top_probability[token] = select(1.0 / total.sum, 0.0, invalid);
    if (x_t[parameters.sample_offset + token] != x_prev[parameters.prev_sample_offset + token]) {
      atomicAdd(&counts[0], 1u);
    }
  }
}
