// Reductions over the lanes that share one column. A workgroup of WORKGROUP_SIZE invocations works on
// WORKGROUP_SIZE / LANES columns at a time, LANES (both powers of two) invocations each. Neighbours work on neighbouring
// columns: where those lie together in memory, they read together.
//#include "lib/numerics.wgsl"

override WORKGROUP_SIZE: u32 = 64u;
override LANES: u32 = 64u;

fn column_of(local_index: u32) -> u32 {
  return local_index % (WORKGROUP_SIZE / LANES);
}

fn lane_of(local_index: u32) -> u32 {
  return local_index / (WORKGROUP_SIZE / LANES);
}

// The invocation that is the given lane of one's column.
fn invocation_of(local_index: u32, lane: u32) -> u32 {
  return (lane * (WORKGROUP_SIZE / LANES)) + column_of(local_index);
}

// Classes that stand for something else: none had a finite score; some logit was NaN or +infinity.
const NO_CLASS = 0xfffffffeu;
const INVALID_CLASS = 0xffffffffu;

var<workgroup> tops: array<atomic<u32>, WORKGROUP_SIZE>;
var<workgroup> partial_sums: array<f32, WORKGROUP_SIZE>;

// Between what the lanes of a column write and what the others read of it. Uniform control flow only.
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

// The sum of the column's partial sums, of which `own` is the lane's, known to lane 0: in two stages, since a barrier costs
// as much as a dozen sums. To be called after a barrier. Uniform control flow only.
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

// The best class so far.
struct Candidate {
  score: f32,
  class_index: u32,
}

// The class with the best score of each column, known to all its lanes. Ties go to the lowest class; an invalid logit makes
// the whole column invalid. Uniform control flow only.
fn best_class(local_index: u32, candidate: Candidate) -> u32 {
  let order = select(ordered(candidate.score), INVALID_CLASS, candidate.class_index == INVALID_CLASS);
  let is_best = order == column_max(local_index, order);
  return ~column_max(local_index, select(0u, ~candidate.class_index, is_best));
}

// A log-sum-exp under way: the largest term, the sum of exp(term - high), and whether some logit was invalid.
struct LogSumExp {
  high: f32,
  sum: f32,
  invalid: u32,
}

fn add_term(total: LogSumExp, term: f32) -> LogSumExp {
  let high = max(total.high, term);
  return LogSumExp(high, (total.sum * exp(total.high - high)) + exp(term - high), total.invalid);
}

// The log-sum-exp of each column, known to all of its lanes. Uniform control flow only.
fn reduce_log_sum_exp(local_index: u32, partial: LogSumExp) -> LogSumExp {
  let high = from_ordered(column_max(local_index, ordered(partial.high)));
  let sum = column_sum(local_index, partial.sum * exp(partial.high - high));
  return LogSumExp(high, sum, column_max(local_index, partial.invalid));
}
