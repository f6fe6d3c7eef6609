// The reference-identical draw: scores + Gumbel noise of supplied uniforms, highest wins, ties to the lowest class.
// The scores are the log posterior, computed on the way, or (POSTERIOR off) the logits themselves.
//#include "lib/numerics.wgsl"
//#include "lib/columns.wgsl"
//#include "lib/logits.wgsl"
//#include "lib/reduce.wgsl"

override NUM_CODES: u32;
//#include "lib/layout.wgsl"
//#include "lib/column_logits.wgsl"
//#include "lib/posterior.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Posterior;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read> noise: array<f32>;
@group(0) @binding(4) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(5) var<storage, read_write> faults: array<atomic<u32>, 2>;
//#if GUIDED
@group(0) @binding(6) var<storage, read> unconditional: array<u32>;
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
    var class_t = 0u;
    var item: PosteriorItem;
    if (in_range) {
      class_t = min(x_t[parameters.sample_offset + token], NUM_CODES);
      item = parameters.items[token / parameters.num_pixels];
    }
//#if POSTERIOR
    var partial = LogSumExp(LOG_ZERO, 0.0, 0u);
    if (in_range) {
      for (var k = lane; k < NUM_CODES; k += LANES) {
        let logit = logit_of(token, k);
        partial = add_term(partial, posterior_term(item, class_t, k, logit.value));
        partial.invalid |= logit.kind & LOGIT_INVALID;
      }
    }
    let total = reduce_log_sum_exp(local_index, partial);
    let log_total = total.high + log(total.sum);
//#endif
    var candidate = Candidate(LOWEST, NO_CLASS);
    if (in_range) {
      for (var k = lane; k < parameters.rows; k += LANES) {
        var logit = Logit(LOG_ZERO, LOGIT_EXCLUDED);
        if (k < NUM_CODES) {
          logit = logit_of(token, k);
        }
//#if POSTERIOR
        let score = posterior_row(item, class_t, k, posterior_term(item, class_t, k, logit.value), log_total);
//#else
        let score = logit.value;
//#endif
        if (logit.kind == LOGIT_INVALID) {
          candidate.class_index = INVALID_CLASS;
          break;
        }
        if (score > LOG_ZERO_LIMIT) {
          let index = element(parameters.class_major != 0u, parameters.rows, parameters.num_pixels, token, k);
          candidate = better(candidate, Candidate(score + gumbel_of_uniform(noise[parameters.noise_offset + index]), k));
        }
      }
    }
    let drawn = reduce_candidates(local_index, candidate);
    if (lane == 0u && in_range) {
      var result = drawn.class_index;
      if (result > NUM_CODES) {
        atomicAdd(&faults[0], 1u);
        result = class_t;
      }
      x_prev[parameters.output_offset + token] = result;
    }
  }
}
