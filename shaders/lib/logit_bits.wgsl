// Loads logits as bits from the bindings `conditional` and, under GUIDED, `unconditional`. Under F16 a word holds two
// halves, unpacked here, so that no device needs the feature shader-f16. Under VECTORS four classes are loaded at once.
//#include "lib/logits.wgsl"

//#if F16
// A half as the bits of a float. WGSL need not unpack NaN and the infinities, so they are built from their bits.
fn bits_of_half(word: u32, index: u32) -> u32 {
  let half = (word >> ((index & 1u) * 16u)) & 0xffffu;
  if ((half & 0x7c00u) == 0x7c00u) {
    return select(((half & 0x8000u) << 16u) | 0x7f800000u, NAN_BITS, (half & 0x3ffu) != 0u);
  }
  return bitcast<u32>(unpack2x16float(half).x);
}
//#endif

//#if VECTORS
//#if F16
alias Vector = vec2u;
fn four_bits(words: Vector) -> vec4u {
  return vec4u(bits_of_half(words.x, 0u), bits_of_half(words.x, 1u), bits_of_half(words.y, 0u), bits_of_half(words.y, 1u));
}
//#else
alias Vector = vec4u;
fn four_bits(words: Vector) -> vec4u {
  return words;
}
//#endif
alias Four = Vector;
//#else
alias Vector = u32;
alias Four = vec4u;
fn four_bits(bits: Four) -> vec4u {
  return bits;
}

fn conditional_bits(index: u32) -> u32 {
//#if F16
  return bits_of_half(conditional[index >> 1u], index);
//#else
  return conditional[index];
//#endif
}

//#if GUIDED
fn unconditional_bits(index: u32) -> u32 {
//#if F16
  return bits_of_half(unconditional[index >> 1u], index);
//#else
  return unconditional[index];
//#endif
}
//#endif
//#endif
