// The highest probability of p(x_0) per token: what purity is made of.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"
//#include "lib/columns.wgsl"
//#include "lib/logits.wgsl"
//#include "lib/reduce.wgsl"
//#include "lib/layout.wgsl"

override NUM_CODES: u32;
//#include "lib/purity.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Purity;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read_write> top_probability: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 2>;
//#if GUIDED
@group(0) @binding(4) var<storage, read> unconditional: array<u32>;
//#endif

fn logit_of(token: u32, k: u32) -> Logit {
  let index = element(parameters.class_major != 0u, NUM_CODES, parameters.num_pixels, token, k);
//#if GUIDED
  return guided_logit(
    conditional_bits(parameters.conditional_offset + index),
    unconditional_bits(parameters.unconditional_offset + index),
    parameters.guidance_scale,
  );
//#else
  return plain_logit(conditional_bits(parameters.conditional_offset + index));
//#endif
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let columns = WORKGROUP_SIZE / LANES;
  let lane = local_index % LANES;
  for (var first = workgroup_id.x * columns; first < parameters.num_tokens; first += num_workgroups.x * columns) {
    let token = first + (local_index / LANES);
    let in_range = token < parameters.num_tokens;
    var partial = LogSumExp(LOG_ZERO, 0.0, 0u);
    if (in_range) {
      for (var k = lane; k < NUM_CODES; k += LANES) {
        let logit = logit_of(token, k);
        partial.invalid |= logit.kind & LOGIT_INVALID;
        if (logit.kind == LOGIT_FINITE) {
          partial = add_term(partial, logit.value);
        }
      }
    }
    let total = reduce_log_sum_exp(local_index, partial);
    if (in_range && lane == 0u) {
      let worthless = total.invalid != 0u || total.sum == 0.0;
      top_probability[token] = select(1.0 / total.sum, 0.0, worthless);
      if (worthless) {
        atomicAdd(&faults[0], 1u);
      }
    }
  }
}
