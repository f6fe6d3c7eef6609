// The floor of everything that needs all logits: each word is read once, sixteen bytes at a time, four loads under way,
// and enters the digest that the host checks. Reading needs no order, so this is the floor of both layouts.

override CONTIGUOUS: bool; // an invocation reads neighbours, which suits a CPU; otherwise neighbours read neighbours

@group(0) @binding(0) var<storage, read> words: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> digests: array<u32>; // one per invocation

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) num_workgroups: vec3u) {
  let count = arrayLength(&words);
  let invocations = num_workgroups.x * 64u;
  let share = ((count + invocations) - 1u) / invocations;
  let end = select(count, min(count, (id.x + 1u) * share), CONTIGUOUS);
  let stride = select(invocations, 1u, CONTIGUOUS);
  var digest = vec4u(0u);
  var i = select(id.x, id.x * share, CONTIGUOUS);
  for (; i + (3u * stride) < end; i += 4u * stride) {
    digest ^= (words[i] ^ words[i + stride]) ^ (words[i + (2u * stride)] ^ words[i + (3u * stride)]);
  }
  for (; i < end; i += stride) {
    digest ^= words[i];
  }
  digests[id.x] = (digest.x ^ digest.y) ^ (digest.z ^ digest.w);
}
