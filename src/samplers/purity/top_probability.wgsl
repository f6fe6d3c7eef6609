// The highest probability of p(x_0) for each token, from which purity is computed (docs/MATH.md#purity).
//#include "lib/column_logits.wgsl"
//#include "lib/class_ranges.wgsl"
//#include "./parameters.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Purity;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read_write> top_probability: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 2>;
@group(0) @binding(4) var<storage, read> unconditional: array<u32>; // GUIDED
@group(0) @binding(5) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

fn column(local_index: u32, token: u32, in_range: bool) {
  let lane = lane_of(local_index);
  let total = column_log_sum_exp(local_index, token, in_range);
  if (in_range && lane == 0u) {
    let invalid = is_invalid_column(total);
    top_probability[token] = select(1.0 / total.sum, 0.0, invalid);
    if (invalid) {
      atomicAdd(&faults[0], 1u);
    }
  }
}
