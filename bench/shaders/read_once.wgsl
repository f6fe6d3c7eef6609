// The floor of whatever needs all logits: each word is read once, sixteen bytes at a time, and all of them count in the
// digest that the host checks. Four loads are under way at a time. Reading needs no order, so it is one floor for both
// layouts.

override CONTIGUOUS: bool; // an invocation reads neighbours, as a CPU likes it; otherwise neighbours read neighbours

@group(0) @binding(0) var<storage, read> words: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> digests: array<u32>; // one an invocation

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) num_workgroups: vec3u) {
  let count = arrayLength(&words);
  let invocations = num_workgroups.x * 64u;
  let share = ((count + invocations) - 1u) / invocations;
  let begin = select(id.x, id.x * share, CONTIGUOUS);
  let end = select(count, min(count, (id.x + 1u) * share), CONTIGUOUS);
  let stride = select(invocations, 1u, CONTIGUOUS);
  var digest = vec4u(0u);
  var i = begin;
  for (; i + (3u * stride) < end; i += 4u * stride) {
    digest ^= (words[i] ^ words[i + stride]) ^ (words[i + (2u * stride)] ^ words[i + (3u * stride)]);
  }
  for (; i < end; i += stride) {
    digest ^= words[i];
  }
  digests[id.x] = (digest.x ^ digest.y) ^ (digest.z ^ digest.w);
}
