// log p(x_0) as a dense tensor: classifier-free guidance, log-softmax, truncation and clamp, each optional
// (docs/MATH.md#pipeline).
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
  minimum: f32, // LOG_ZERO_LIMIT or less: off
}

@group(0) @binding(0) var<storage, read> parameters: Guide;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read_write> log_p_x_0: array<u32>;
@group(0) @binding(3) var<storage, read> unconditional: array<u32>; // GUIDED

// A logit as an ordered integer; -0 equals 0.
fn key_of(logit: f32) -> u32 {
  let key = ordered(logit);
  return key + u32(key == 0x7fffffffu);
}

// The share of the total mass that ranks before a class of this key and index: the classes with a higher key, and those
// with the same key and a lower index.
fn share_before(local_index: u32, token: u32, in_range: bool, key: u32, class_index: u32, total: LogSumExp) -> f32 {
  var sum = 0.0;
  if (in_range) {
    for (var k = lane_of(local_index); k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      let other = key_of(logit.value);
      if (logit.value > LOG_ZERO && (other > key || (other == key && k < class_index))) {
        sum += exp(logit.value - total.high);
      }
    }
  }
  return column_sum(local_index, sum) / total.sum;
}

// The last class that truncation keeps.
struct Cut {
  key: u32,
  class_index: u32,
}

// Finds, bit by bit, the last rank with less than the rate before it. The first rank always qualifies.
fn find_cut(local_index: u32, token: u32, in_range: bool, total: LogSumExp) -> Cut {
  let rate = max(parameters.truncation_rate, 1e-30);
  var cut = Cut(0xffffffffu, 0u);
  for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
    let lower = cut.key & ~bit;
    if (share_before(local_index, token, in_range, lower, 0u, total) < rate) {
      cut.key = lower;
    }
  }
  for (var bit = 1u << firstLeadingBit(NUM_CODES); bit > 0u; bit >>= 1u) {
    let later = cut.class_index | bit;
    if (share_before(local_index, token, in_range, cut.key, later, total) < rate) {
      cut.class_index = later;
    }
  }
  return cut;
}

fn column(local_index: u32, token: u32, in_range: bool) {
  let lane = lane_of(local_index);
  let total = column_log_sum_exp(local_index, token, in_range);
  var cut = Cut(0u, 0u);
  if (parameters.truncation_rate < 1.0) {
    cut = find_cut(local_index, token, in_range, total);
  }
  if (in_range) {
    let shift = select(0.0, total.high + log(total.sum), parameters.normalise != 0u);
    for (var k = lane; k < NUM_CODES; k += LANES) {
      let logit = logit_of(token, k);
      let key = key_of(logit.value);
      let kept = logit.value > LOG_ZERO && (key > cut.key || (key == cut.key && k <= cut.class_index));
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
