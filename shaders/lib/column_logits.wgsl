// The logits of a column, one class at a time, for kernels whose `parameters` give their place. Those that have the
// feature CLASS_RANGES include class_ranges.wgsl.
//#include "lib/each_column.wgsl"
//#include "lib/layout.wgsl"
//#include "lib/log_sum_exp.wgsl"
//#include "lib/logit_bits.wgsl"

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

// The log-sum-exp of a column's logits, known to all of its lanes. Uniform control flow only.
fn column_log_sum_exp(local_index: u32, token: u32, in_range: bool) -> LogSumExp {
  var partial = LogSumExp(LOG_ZERO, 0.0, 0u);
  if (in_range) {
    for (var k = lane_of(local_index); k < NUM_CODES; k += LANES) {
//#if CLASS_RANGES
      if (is_outside(token % parameters.num_pixels, k)) {
        continue;
      }
//#endif
      let logit = logit_of(token, k);
      partial.invalid |= u32(logit.invalid);
      if (logit.value > LOG_ZERO) {
        partial = add_term(partial, logit.value);
      }
    }
  }
  return reduce_log_sum_exp(local_index, partial);
}

// Whether nothing can be drawn from a column: an invalid logit, or no finite one.
fn is_invalid_column(total: LogSumExp) -> bool {
  return total.invalid != 0u || total.sum == 0.0;
}
