// Lanes: the LANES invocations that share a column, and reductions over them. A workgroup of WORKGROUP_SIZE invocations
// works on WORKGROUP_SIZE / LANES columns at a time; both are powers of two. Consecutive invocations work on
// consecutive columns, whose loads coalesce in the class-major layout.
//#include "lib/numerics.wgsl"

override WORKGROUP_SIZE: u32 = 64u;
override LANES: u32 = 64u;

fn column_of(local_index: u32) -> u32 {
  return local_index % (WORKGROUP_SIZE / LANES);
}

fn lane_of(local_index: u32) -> u32 {
  return local_index / (WORKGROUP_SIZE / LANES);
}

// The invocation that is a given lane of the same column.
fn invocation_of(local_index: u32, lane: u32) -> u32 {
  return (lane * (WORKGROUP_SIZE / LANES)) + column_of(local_index);
}

var<workgroup> tops: array<atomic<u32>, WORKGROUP_SIZE>;
var<workgroup> partial_sums: array<f32, WORKGROUP_SIZE>;

// Orders the writes of a column's lanes before the reads of its other lanes. Uniform control flow only.
fn column_barrier() {
  if (LANES > 1u) {
    workgroupBarrier();
  }
}

// The maximum over the lanes of each column, known to all of them. Uniform control flow only.
fn column_max(local_index: u32, value: u32) -> u32 {
  if (LANES == 1u) {
    return value;
  }
  let column = column_of(local_index);
  if (lane_of(local_index) == 0u) {
    atomicStore(&tops[column], 0u);
  }
  workgroupBarrier();
  atomicMax(&tops[column], value);
  workgroupBarrier();
  let top = atomicLoad(&tops[column]);
  workgroupBarrier();
  return top;
}

// The sum of the column's partial_sums, known to lane 0; `own` is the lane's partial sum. Two stages, since a barrier
// costs as much as a dozen additions. Call it after a barrier, in uniform control flow.
fn sum_of_partials(local_index: u32, own: f32) -> f32 {
  let lane = lane_of(local_index);
  let left = min(LANES, 16u);
  var sum = own;
  if (lane < left) {
    for (var i = 1u; i < LANES / left; i++) {
      sum += partial_sums[invocation_of(local_index, lane + (i * left))];
    }
    partial_sums[local_index] = sum;
  }
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < left; i++) {
      sum += partial_sums[invocation_of(local_index, i)];
    }
  }
  return sum;
}

// The sum over the lanes of each column, known to all of them. Uniform control flow only.
fn column_sum(local_index: u32, value: f32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  partial_sums[local_index] = value;
  workgroupBarrier();
  let sum = sum_of_partials(local_index, value);
  if (lane_of(local_index) == 0u) {
    partial_sums[local_index] = sum;
  }
  workgroupBarrier();
  let known = partial_sums[column_of(local_index)];
  workgroupBarrier();
  return known;
}
