// Raw logits of one class, with classifier-free guidance. Read as bits: -infinity is legal for a class, and WGSL
// arithmetic may assume that it does not occur.

struct Logit {
  value: f32,
  kind: u32,
}
const LOGIT_FINITE = 0u;
// A class of probability zero.
const LOGIT_EXCLUDED = 1u;
// NaN or +infinity: the column is worthless.
const LOGIT_INVALID = 2u;

// The same, four classes at a time.
struct FourLogits {
  values: vec4f,
  finite: vec4<bool>,
  invalid: vec4<bool>,
}

fn plain_logits(bits: vec4u) -> FourLogits {
  let excluded = bits == vec4u(NEGATIVE_INFINITY_BITS);
  let invalid = ((bits & vec4u(0x7f800000u)) == vec4u(0x7f800000u)) & !excluded;
  let finite = !(excluded | invalid);
  return FourLogits(select(vec4f(LOG_ZERO), bitcast<vec4f>(bits), finite), finite, invalid);
}

// l_u + s (l_c - l_u) (Ho and Salimans 2022; SEMANTICS 10). A class that both halves, or the conditional half alone,
// exclude stays excluded; one that only the unconditional half excludes would get +infinity.
fn guided_logits(conditional_bits: vec4u, unconditional_bits: vec4u, scale: f32) -> FourLogits {
  let conditional = plain_logits(conditional_bits);
  let unconditional = plain_logits(unconditional_bits);
  let finite = conditional.finite & unconditional.finite;
  let guided = unconditional.values + (scale * (conditional.values - unconditional.values));
  let only_unconditional_excludes = conditional.finite & !unconditional.finite;
  return FourLogits(
    select(vec4f(LOG_ZERO), guided, finite),
    finite,
    conditional.invalid | unconditional.invalid | only_unconditional_excludes,
  );
}

fn one_logit(four: FourLogits) -> Logit {
  return Logit(four.values.x, select(select(LOGIT_EXCLUDED, LOGIT_FINITE, four.finite.x), LOGIT_INVALID, four.invalid.x));
}

fn plain_logit(bits: u32) -> Logit {
  return one_logit(plain_logits(vec4u(bits)));
}

fn guided_logit(conditional_bits: u32, unconditional_bits: u32, scale: f32) -> Logit {
  return one_logit(guided_logits(vec4u(conditional_bits), vec4u(unconditional_bits), scale));
}
