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

fn plain_logit(bits: u32) -> Logit {
  if (is_invalid(bits)) {
    return Logit(0.0, LOGIT_INVALID);
  }
  if (bits == NEGATIVE_INFINITY_BITS) {
    return Logit(LOG_ZERO, LOGIT_EXCLUDED);
  }
  return Logit(bitcast<f32>(bits), LOGIT_FINITE);
}

// l_u + s (l_c - l_u) (Ho and Salimans 2022; SEMANTICS 10). A class that both halves, or the conditional half alone,
// exclude stays excluded; one that only the unconditional half excludes would get +infinity.
fn guided_logit(conditional_bits: u32, unconditional_bits: u32, scale: f32) -> Logit {
  let conditional = plain_logit(conditional_bits);
  let unconditional = plain_logit(unconditional_bits);
  if (conditional.kind != LOGIT_FINITE || unconditional.kind == LOGIT_FINITE) {
    let value = select(LOG_ZERO, unconditional.value + (scale * (conditional.value - unconditional.value)), conditional.kind == LOGIT_FINITE);
    return Logit(value, max(conditional.kind, unconditional.kind & LOGIT_INVALID));
  }
  return Logit(0.0, LOGIT_INVALID);
}
