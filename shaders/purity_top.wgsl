// The highest probability of p(x_0) per token: what purity is made of.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"
//#include "lib/columns.wgsl"
//#include "lib/logits.wgsl"
//#include "lib/reduce.wgsl"
//#include "lib/layout.wgsl"
//#include "lib/column_logits.wgsl"

override NUM_CODES: u32;
//#include "lib/purity.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Purity;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read_write> top_probability: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 2>;
//#if GUIDED
@group(0) @binding(4) var<storage, read> unconditional: array<u32>;
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
    if (in_range && lane == 0u) {
      let worthless = total.invalid != 0u || total.sum == 0.0;
      top_probability[token] = select(1.0 / total.sum, 0.0, worthless);
      if (worthless) {
        atomicAdd(&faults[0], 1u);
      }
    }
  }
}
