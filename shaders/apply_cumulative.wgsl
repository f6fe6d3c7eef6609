// log q(x_t) of log q(x_0): K rows to C rows through the cumulative transition (docs/MATH.md#cumulative-transitions).
//#include "lib/logit_bits.wgsl"
//#include "lib/rows.wgsl"
//#include "lib/each_element.wgsl"

// items: logs of the keep, replace (by one given class) and mask probabilities.
@group(0) @binding(0) var<storage, read> parameters: Rows;
@group(0) @binding(1) var<storage, read> conditional: array<u32>; // log q(x_0)
@group(0) @binding(2) var<storage, read_write> log_q_t: array<u32>;

fn element_at(i: u32) {
  if (i >= parameters.size) {
    return;
  }
  let class_major = parameters.class_major != 0u;
  let at = place(class_major, parameters.rows, parameters.num_pixels, i);
  let item = parameters.items[at.token / parameters.num_pixels];
  if (at.k == NUM_CODES) {
    log_q_t[i] = finite_or_log_zero(item.z);
    return;
  }
  let index = element(class_major, NUM_CODES, parameters.num_pixels, at.token, at.k);
  let log_q = plain_logit(conditional_bits(parameters.input_offset + index));
  let bits = finite_or_log_zero(log_add_exp(log_q.value + item.x, item.y));
  log_q_t[i] = select(bits, NAN_BITS, log_q.invalid);
}
