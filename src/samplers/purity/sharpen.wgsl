// The sharpened prediction as a dense tensor: log-softmax of (1 + r purity) log p over C rows, clamped to [-70, 0]; the
// row of the mask is -70 before sharpening (docs/MATH.md#purity). A column with NaN or +infinity is NaN.
//#include "lib/column_logits.wgsl"
//#include "./parameters.wgsl"

const MASK_ROW = -70.0;

@group(0) @binding(0) var<storage, read> parameters: Purity;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read> top_probability: array<f32>;
@group(0) @binding(3) var<storage, read_write> log_prob: array<u32>;

fn exponent_of(token: u32) -> f32 {
  let first = (token / parameters.num_pixels) * parameters.num_pixels;
  var highest = 0.0;
  for (var n = 0u; n < parameters.num_pixels; n++) {
    highest = max(highest, top_probability[first + n]);
  }
  return 1.0 + (parameters.prior_weight * top_probability[token] / (highest + 1e-10));
}

fn term(token: u32, k: u32, exponent: f32) -> Logit {
  if (k == NUM_CODES) {
    return Logit(exponent * MASK_ROW, false);
  }
  let logit = logit_of(token, k);
  let sharpened = exponent * logit.value;
  return Logit(max(sharpened, LOG_ZERO), logit.invalid || sharpened >= LOGIT_LIMIT);
}

fn column(local_index: u32, token: u32, in_range: bool) {
  let lane = lane_of(local_index);
  var exponent = 1.0;
  var partial = LogSumExp(LOG_ZERO, 0.0, 0u);
  if (in_range) {
    exponent = exponent_of(token);
    for (var k = lane; k <= NUM_CODES; k += LANES) {
      let logit = term(token, k, exponent);
      partial = add_term(partial, logit.value);
      partial.invalid |= u32(logit.invalid);
    }
  }
  let total = reduce_log_sum_exp(local_index, partial);
  if (in_range) {
    let log_total = total.high + log(total.sum);
    for (var k = lane; k <= NUM_CODES; k += LANES) {
      let index = element(parameters.class_major != 0u, NUM_CODES + 1u, parameters.num_pixels, token, k);
      let log_p = clamp(term(token, k, exponent).value - log_total, MASK_ROW, 0.0);
      log_prob[index] = select(bitcast<u32>(log_p), NAN_BITS, total.invalid != 0u);
    }
  }
}
