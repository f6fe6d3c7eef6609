// The dense log posterior log q(x_u | x_t): K rows of logits to K + 1 rows (docs/MATH.md#posterior-closed-form).
//#include "lib/column_logits.wgsl"
//#include "lib/posterior.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Posterior;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read_write> log_p_x_prev: array<u32>;

// Every row of an invalid column, and of an x_t that is impossible, is NaN.
fn result_bits(value: f32, invalid: bool) -> u32 {
  return select(finite_or_log_zero(value), NAN_BITS, invalid);
}

fn column(local_index: u32, token: u32, in_range: bool) {
  let class_major = parameters.class_major != 0u;
  let lane = lane_of(local_index);
  var class_t = 0u;
  var item: PosteriorItem;
  var partial = LogSumExp(LOG_ZERO, 0.0, 0u);
  if (in_range) {
    class_t = min(x_t[parameters.sample_offset + token], NUM_CODES);
    item = parameters.items[token / parameters.num_pixels];
    for (var k = lane; k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      partial = add_term(partial, posterior_term(item, class_t, k, logit.value));
      partial.invalid |= u32(logit.invalid);
    }
  }
  let total = reduce_log_sum_exp(local_index, partial);
  if (in_range) {
    let log_total = total.high + log(total.sum);
    for (var k = lane; k <= NUM_CODES; k += LANES) {
      var term = LOG_ZERO;
      if (k < NUM_CODES) {
        term = posterior_term(item, class_t, k, logit_of(token, k).value);
      }
      let row = posterior_row(item, class_t, k, term, log_total);
      log_p_x_prev[parameters.output_offset + element(class_major, parameters.rows, parameters.num_pixels, token, k)] =
        result_bits(row, total.invalid != 0u || !is_possible(item, class_t));
    }
  }
}
