// Logarithms that stay accurate where WGSL's own need not, and bit patterns that WGSL arithmetic need not preserve
// (docs/MATH.md#numerics).

// K, the number of classes without the mask. The mask is class K.
override NUM_CODES: u32;

// Results of a draw that are no class: no score is finite; some logit is NaN or +infinity.
const NO_CLASS = 0xfffffffeu;
const INVALID_CLASS = 0xffffffffu;

// log 0, since WGSL may assume that there are no infinities. Every value of LOG_ZERO_LIMIT or less counts as log 0.
const LOG_ZERO = -1e30;
const LOG_ZERO_LIMIT = -1e29;
// A logit of LOGIT_LIMIT or more counts as +infinity.
const LOGIT_LIMIT = 1e29;

const NEGATIVE_INFINITY_BITS = 0xff800000u;
const NAN_BITS = 0x7fc00000u;

const LOG2_E = 1.44269504;

// Maps floats to unsigned integers of the same order, and back. -0 is below 0.
fn ordered(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn from_ordered(order: u32) -> f32 {
  return bitcast<f32>(select(~order, order & 0x7fffffffu, (order & 0x80000000u) != 0u));
}

// The bits of a log-probability for the host: log 0 becomes -infinity, which WGSL arithmetic need not produce.
fn finite_or_log_zero(value: f32) -> u32 {
  return select(bitcast<u32>(value), NEGATIVE_INFINITY_BITS, value <= LOG_ZERO_LIMIT);
}

// log(exp(a) + exp(b)) of finite arguments.
fn log_add_exp(a: f32, b: f32) -> f32 {
  let high = max(a, b);
  return high + log(1.0 + exp(min(a, b) - high));
}

// -log(1 - v) for 0 <= v <= 1/2, relative error about 1e-7, as 2 artanh(v / (2 - v)): WGSL's log is only required
// to be within 2^-21 absolute near 1, which is far too coarse for the small v that win an argmax.
fn negative_log_one_minus(v: f32) -> f32 {
  let s = v / (2.0 - v);
  let s2 = s * s;
  let series = 1.0 + s2 * (1.0 / 3.0 + s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0 + s2 * (1.0 / 11.0 + s2 / 13.0)))));
  return 2.0 * s * series;
}

// Whether the bits of a supplied uniform are those of a number in [0, 1], which may be -0.
fn is_uniform(bits: u32) -> bool {
  return bits <= 0x3f800000u || bits == 0x80000000u;
}

// Gumbel noise of a supplied uniform u in [0, 1], as the reference defines it: -log(-log(u + 1e-30) + 1e-30).
// 1 - u is exact for u >= 1/2.
fn gumbel_of_uniform(u: f32) -> f32 {
  var exponential: f32;
  if (u > 0.5) {
    exponential = negative_log_one_minus(1.0 - u);
  } else {
    exponential = -log(u + 1e-30);
  }
  return -log(exponential + 1e-30);
}
