// LANES invocations for each column. Kernels that include this define column(local_index, token, in_range), which runs
// in uniform control flow, also for tokens out of range.
//#include "lib/lanes.wgsl"

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let columns = WORKGROUP_SIZE / LANES;
  for (var first = workgroup_id.x * columns; first < parameters.num_tokens; first += num_workgroups.x * columns) {
    let token = first + column_of(local_index);
    column(local_index, token, token < parameters.num_tokens);
  }
}
