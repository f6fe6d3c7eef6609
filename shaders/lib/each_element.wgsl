// One invocation for each element. Kernels that include this define element_at, which returns at once beyond the last
// element.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) num_workgroups: vec3u) {
  element_at(id.x + (id.y * num_workgroups.x * 64u));
}
