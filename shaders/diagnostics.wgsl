// What a step did, for looking at: entropy and highest probability of p(x_0) per token, and how many tokens changed.
//#include "lib/numerics.wgsl"
//#include "lib/columns.wgsl"
//#include "lib/logits.wgsl"
//#include "lib/reduce.wgsl"
//#include "lib/layout.wgsl"
//#include "lib/column_logits.wgsl"

override NUM_CODES: u32;

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
//#if GUIDED
@group(0) @binding(7) var<storage, read> unconditional: array<u32>;
//#endif

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let columns = WORKGROUP_SIZE / LANES;
  let lane = lane_of(local_index);
  for (var first = workgroup_id.x * columns; first < parameters.num_tokens; first += num_workgroups.x * columns) {
    let token = first + column_of(local_index);
    let in_range = token < parameters.num_tokens;
    let total = column_log_sum_exp(local_index, token, in_range);
    let log_total = total.high + log(total.sum);
    // Entropy is log_total minus the mean logit: sum of p (log_total - logit), each term at least 0.
    var surprise = 0.0;
    if (in_range) {
      for (var k = lane; k < NUM_CODES; k += LANES) {
        let logit = logit_of(token, k);
        if (logit.kind == LOGIT_FINITE) {
          surprise += exp(logit.value - log_total) * (log_total - logit.value);
        }
      }
    }
    let mean_surprise = reduce_log_sum_exp(local_index, LogSumExp(0.0, surprise, 0u)).sum;
    if (in_range && lane == 0u) {
      let worthless = total.invalid != 0u || total.sum == 0.0;
      entropy[token] = select(mean_surprise, 0.0, worthless);
      top_probability[token] = select(1.0 / total.sum, 0.0, worthless);
      if (x_t[parameters.sample_offset + token] != x_prev[parameters.prev_sample_offset + token]) {
        atomicAdd(&counts[0], 1u);
      }
    }
  }
}
