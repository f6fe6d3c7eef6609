// The logits of a column, for kernels whose `parameters` say where they lie.
//#include "lib/columns.wgsl"
//#include "lib/layout.wgsl"
//#include "lib/each_column.wgsl"

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

// The log-sum-exp of a column, known to all lanes that share it. Uniform control flow only.
fn column_log_sum_exp(local_index: u32, token: u32, in_range: bool) -> LogSumExp {
  var partial = LogSumExp(LOG_ZERO, 0.0, 0u);
  if (in_range) {
    for (var k = lane_of(local_index); k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      partial.invalid |= u32(logit.invalid);
      if (logit.value > LOG_ZERO) {
        partial = add_term(partial, logit.value);
      }
    }
  }
  return reduce_log_sum_exp(local_index, partial);
}
