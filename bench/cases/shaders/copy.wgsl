// What the memory gives a kernel that reads and writes: each word is copied once, sixteen bytes at a time.
@group(0) @binding(0) var<storage, read> source: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4u>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) num_workgroups: vec3u) {
  for (var i = id.x; i < arrayLength(&source); i += num_workgroups.x * 256u) {
    destination[i] = source[i];
  }
}
