// Pseudo-random contents, made on the device: gigabytes of logits are not uploaded.
//#include "lib/random.wgsl"

override KIND: u32;
const LOGITS_F32 = 0u; // -8 to 8
const LOGITS_F16 = 1u; // the same, two in a word
const UNIFORMS = 2u; // f32 multiples of 2^-24 in [0, 1), as torch draws them
override SEED: u32;

@group(0) @binding(0) var<storage, read_write> words: array<vec4u>;

fn uniforms(group: u32, stream: u32) -> vec4f {
  return vec4f(pcg4d(vec4u(group, SEED, stream, 7u)) >> vec4u(8u)) * 0x1p-24;
}

fn logits(group: u32, stream: u32) -> vec4f {
  return (uniforms(group, stream) - 0.5) * 16.0;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) num_workgroups: vec3u) {
  for (var group = id.x; group < arrayLength(&words); group += num_workgroups.x * 64u) {
    if (KIND == UNIFORMS) {
      words[group] = bitcast<vec4u>(uniforms(group, 0u));
    } else if (KIND == LOGITS_F32) {
      words[group] = bitcast<vec4u>(logits(group, 0u));
    } else {
      let a = logits(group, 0u);
      let b = logits(group, 1u);
      words[group] = vec4u(pack2x16float(a.xy), pack2x16float(a.zw), pack2x16float(b.xy), pack2x16float(b.zw));
    }
  }
}
