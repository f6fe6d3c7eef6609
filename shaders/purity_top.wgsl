// The highest probability of p(x_0) per token: what purity is made of.
//#include "lib/column_logits.wgsl"
//#include "lib/purity.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Purity;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read_write> top_probability: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 2>;
//#if GUIDED
@group(0) @binding(4) var<storage, read> unconditional: array<u32>;
//#endif

fn column(local_index: u32, token: u32, in_range: bool) {
  let lane = lane_of(local_index);
  let total = column_log_sum_exp(local_index, token, in_range);
  if (in_range && lane == 0u) {
    let worthless = total.invalid != 0u || total.sum == 0.0;
    top_probability[token] = select(1.0 / total.sum, 0.0, worthless);
    if (worthless) {
      atomicAdd(&faults[0], 1u);
    }
  }
}
