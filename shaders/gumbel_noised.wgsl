// logits + Gumbel noise of supplied uniforms, element by element (docs/MATH.md#gumbel-noise).
//#include "lib/logit_bits.wgsl"
//#include "lib/each_element.wgsl"

struct GumbelNoised {
  size: u32,
  logits_offset: u32,
  noise_offset: u32,
}

@group(0) @binding(0) var<storage, read> parameters: GumbelNoised;
@group(0) @binding(1) var<storage, read> conditional: array<u32>;
@group(0) @binding(2) var<storage, read> noise: array<u32>;
@group(0) @binding(3) var<storage, read_write> noised: array<u32>;

fn element_at(i: u32) {
  if (i >= parameters.size) {
    return;
  }
  let bits = conditional_bits(parameters.logits_offset + i);
  let uniform_bits = noise[parameters.noise_offset + i];
  if (!is_uniform(uniform_bits)) {
    noised[i] = NAN_BITS;
  } else if ((bits & 0x7f800000u) == 0x7f800000u) {
    noised[i] = bits; // NaN and the infinities pass through
  } else {
    noised[i] = bitcast<u32>(bitcast<f32>(bits) + gumbel_of_uniform(bitcast<f32>(uniform_bits)));
  }
}
