// Decodes raw logits, with classifier-free guidance. They are tested as bits, since WGSL arithmetic may assume that NaN
// and infinities do not occur. Logits of LOGIT_LIMIT or beyond count as infinite (docs/MATH.md#faults): nothing that is
// computed from the others overflows.
//#include "lib/numerics.wgsl"

const LOGIT_LIMIT_BITS = 0x6fa18f08u;

struct Logit {
  value: f32, // LOG_ZERO: a class of probability 0
  invalid: bool, // NaN or +infinity, before or after guidance
}

// Four classes at a time.
struct FourLogits {
  values: vec4f,
  invalid: bool, // of any of the four
}

fn are_finite(bits: vec4u) -> vec4<bool> {
  return (bits & vec4u(0x7fffffffu)) < vec4u(LOGIT_LIMIT_BITS);
}

// Whether one is NaN or +infinity. -infinity is valid: a class of probability 0.
fn any_invalid(bits: vec4u) -> bool {
  let are_negative = (bits >= vec4u(0x80000000u)) & (bits <= vec4u(NEGATIVE_INFINITY_BITS));
  return any(!are_finite(bits) & !are_negative);
}

fn plain_logits(bits: vec4u) -> FourLogits {
  return FourLogits(select(vec4f(LOG_ZERO), bitcast<vec4f>(bits), are_finite(bits)), any_invalid(bits));
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
  let are_both_finite = are_finite(conditional_bits) & are_finite(unconditional_bits);
  let only_unconditional_excludes = are_finite(conditional_bits) & !are_finite(unconditional_bits);
  let guided_bits = bitcast<vec4u>(guided(conditional_bits, unconditional_bits, scale));
  let logits = plain_logits(select(vec4u(NEGATIVE_INFINITY_BITS), guided_bits, are_both_finite));
  return FourLogits(
    logits.values,
    logits.invalid || any_invalid(conditional_bits) || any_invalid(unconditional_bits) || any(only_unconditional_excludes),
  );
}

fn plain_logit(bits: u32) -> Logit {
  let four = plain_logits(vec4u(bits));
  return Logit(four.values.x, four.invalid);
}

fn guided_logit(conditional_bits: u32, unconditional_bits: u32, scale: f32) -> Logit {
  let four = guided_logits(vec4u(conditional_bits), vec4u(unconditional_bits), scale);
  return Logit(four.values.x, four.invalid);
}
