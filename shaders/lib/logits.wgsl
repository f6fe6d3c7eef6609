// Decodes raw logits, with classifier-free guidance. They are tested as bits, since WGSL arithmetic may assume that NaN
// and infinities do not occur. Logits of LOGIT_LIMIT or beyond count as infinite (docs/MATH.md#faults): nothing that is
// computed from the others overflows.
//#include "lib/numerics.wgsl"

struct Logit {
  value: f32, // LOG_ZERO: a class of probability 0
  invalid: bool, // NaN or +infinity, before or after guidance
}

// Four classes at a time.
struct FourLogits {
  values: vec4f,
  invalid: bool, // of any of the four
}

const LOGIT_LIMIT_BITS = 0x6fa18f08u;

fn are_finite(bits: vec4u) -> vec4<bool> {
  // Signed, since CPUs compare unsigned vectors in several instructions.
  return bitcast<vec4i>(bits & vec4u(0x7fffffffu)) < bitcast<vec4i>(vec4u(LOGIT_LIMIT_BITS));
}

// -infinity: valid logits of probability 0.
fn are_excluded(bits: vec4u) -> vec4<bool> {
  const limit = 0x80000000u + LOGIT_LIMIT_BITS;
  return (bits - vec4u(limit)) <= vec4u(NEGATIVE_INFINITY_BITS - limit);
}

fn plain_logits(bits: vec4u) -> FourLogits {
  let finite = are_finite(bits);
  return FourLogits(select(vec4f(LOG_ZERO), bitcast<vec4f>(bits), finite), !all(finite | are_excluded(bits)));
}

// l_u + s (l_c - l_u) of finite logits (Ho and Salimans 2022; docs/MATH.md#guidance).
fn guided(conditional_bits: vec4u, unconditional_bits: vec4u, scale: f32) -> vec4f {
  let conditional = bitcast<vec4f>(conditional_bits);
  let unconditional = bitcast<vec4f>(unconditional_bits);
  return unconditional + (scale * (conditional - unconditional));
}

// Guidance of any logits. A class that the conditional half excludes (-infinity) stays excluded. A class that only the
// unconditional half excludes would get +infinity, so it is invalid.
fn guided_logits(conditional_bits: vec4u, unconditional_bits: vec4u, scale: f32) -> FourLogits {
  let finite = are_finite(unconditional_bits);
  let both_finite = are_finite(conditional_bits) & finite;
  let excluded = are_excluded(conditional_bits) & (finite | are_excluded(unconditional_bits));
  let guided_bits = bitcast<vec4u>(guided(conditional_bits, unconditional_bits, scale));
  let logits = plain_logits(select(vec4u(NEGATIVE_INFINITY_BITS), guided_bits, both_finite));
  return FourLogits(logits.values, logits.invalid || !all(both_finite | excluded));
}

fn plain_logit(bits: u32) -> Logit {
  let four = plain_logits(vec4u(bits));
  return Logit(four.values.x, four.invalid);
}

fn guided_logit(conditional_bits: u32, unconditional_bits: u32, scale: f32) -> Logit {
  let four = guided_logits(vec4u(conditional_bits), vec4u(unconditional_bits), scale);
  return Logit(four.values.x, four.invalid);
}
