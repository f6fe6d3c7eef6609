// The pipeline's pieces as a dense tensor: classifier-free guidance, log-softmax, truncation, clamp; each can be left out.
//#include "lib/column_logits.wgsl"

struct Guide {
  num_tokens: u32,
  num_pixels: u32,
  class_major: u32,
  output_class_major: u32,
  conditional_offset: u32,
  unconditional_offset: u32,
  guidance_scale: f32,
  normalise: u32,
  truncation_rate: f32, // 1 or more: off
  minimum: f32, // below LOG_ZERO_LIMIT: off
}

@group(0) @binding(0) var<storage, read> parameters: Guide;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read_write> log_p_x_0: array<u32>;
//#if GUIDED
@group(0) @binding(3) var<storage, read> unconditional: array<u32>;
//#endif

// The mass of the classes whose ordered logit is above the key, as a share of the total.
fn share_above(local_index: u32, token: u32, in_range: bool, key: u32, total: LogSumExp) -> f32 {
  var sum = 0.0;
  if (in_range) {
    for (var k = lane_of(local_index); k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      if (logit.value > LOG_ZERO && ordered(logit.value + 0.0) > key) {
        sum += exp(logit.value - total.high);
      }
    }
  }
  return column_sum(local_index, sum) / total.sum;
}

// The lowest key with less than the rate above it, found bit by bit: classes above it are kept, those below it are not.
fn cut_key(local_index: u32, token: u32, in_range: bool, total: LogSumExp) -> u32 {
  var key = 0xffffffffu;
  for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
    // Without the bit the key is lower: take that if still less than the rate lies above.
    let lower = key & ~bit;
    if (share_above(local_index, token, in_range, lower, total) < max(parameters.truncation_rate, 1e-30)) {
      key = lower;
    }
  }
  return key;
}

// Whether a class at the cut is kept: the first is, where nothing lies above, and then those before which the mass is
// below the rate; equal logits rank by class.
fn kept_at_cut(token: u32, k: u32, logit: f32, above: f32, total: LogSumExp) -> bool {
  var before = above;
  let share = exp(logit - total.high) / total.sum;
  for (var i = 0u; i < k; i++) {
    let other = logit_of(token, i);
    if (other.value == logit) {
      before += share;
    }
  }
  return before == 0.0 || before < parameters.truncation_rate;
}

fn column(local_index: u32, token: u32, in_range: bool) {
  let lane = lane_of(local_index);
  let total = column_log_sum_exp(local_index, token, in_range);
  var cut = 0u;
  var above = 0.0;
  if (parameters.truncation_rate < 1.0) {
    cut = cut_key(local_index, token, in_range, total);
    above = share_above(local_index, token, in_range, cut, total);
  }
  if (in_range) {
    let shift = select(0.0, total.high + log(total.sum), parameters.normalise != 0u);
    for (var k = lane; k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      let key = ordered(logit.value + 0.0);
      var kept = logit.value > LOG_ZERO && key >= cut;
      if (kept && key == cut) {
        kept = kept_at_cut(token, k, logit.value, above, total);
      }
      var bits = NEGATIVE_INFINITY_BITS;
      if (total.invalid != 0u) {
        bits = NAN_BITS;
      } else if (kept) {
        bits = bitcast<u32>(max(logit.value - shift, parameters.minimum));
      } else if (parameters.minimum > LOG_ZERO_LIMIT) {
        bits = bitcast<u32>(parameters.minimum);
      }
      log_p_x_0[element(parameters.output_class_major != 0u, NUM_CODES, parameters.num_pixels, token, k)] = bits;
    }
  }
}
