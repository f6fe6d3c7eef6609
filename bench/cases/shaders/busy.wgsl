// Keeps every core of a GPU computing for a while.
@group(0) @binding(0) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var value = values[id.x];
  for (var i = 0u; i < 4096u; i++) {
    value = fma(value, 0.75, 0.25);
  }
  values[id.x] = value;
}
