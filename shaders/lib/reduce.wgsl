// Reductions over the lanes that share one column. A workgroup of WORKGROUP_SIZE invocations works on
// WORKGROUP_SIZE / LANES columns at a time, LANES (both powers of two) invocations each. Neighbours work on neighbouring
// columns: where those lie together in memory, they read together.

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

// A reduction joins this many partial results at a time: a barrier costs more than a few more steps of one invocation.
const RADIX = 8u;

// How many partial results are left after one round.
fn joined(partials: u32) -> u32 {
  return (partials + RADIX - 1u) / RADIX;
}

// The best class so far. NO_CLASS: none had a finite score; INVALID_CLASS: some logit was NaN or +infinity.
struct Candidate {
  score: f32,
  class_index: u32,
}
const NO_CLASS = 0xfffffffeu;
const INVALID_CLASS = 0xffffffffu;

var<workgroup> shared_values: array<f32, WORKGROUP_SIZE>;
var<workgroup> shared_classes: array<u32, WORKGROUP_SIZE>;
var<workgroup> shared_sums: array<f32, WORKGROUP_SIZE>;

// Ties go to the lowest class; an invalid logit makes the whole column invalid.
fn better(a: Candidate, b: Candidate) -> Candidate {
  let b_wins = b.score > a.score || (b.score == a.score && b.class_index < a.class_index);
  var best = a;
  if (b_wins) {
    best = b;
  }
  if (a.class_index == INVALID_CLASS || b.class_index == INVALID_CLASS) {
    best.class_index = INVALID_CLASS;
  }
  return best;
}

// The best candidate of each column, known to its lane 0. Uniform control flow only.
fn reduce_candidates(local_index: u32, candidate: Candidate) -> Candidate {
  var best = candidate;
  shared_values[local_index] = best.score;
  shared_classes[local_index] = best.class_index;
  for (var partials = LANES; partials > 1u; partials = joined(partials)) {
    workgroupBarrier();
    if (lane_of(local_index) < joined(partials)) {
      for (var lane = lane_of(local_index) + joined(partials); lane < partials; lane += joined(partials)) {
        let other = invocation_of(local_index, lane);
        best = better(best, Candidate(shared_values[other], shared_classes[other]));
      }
      shared_values[local_index] = best.score;
      shared_classes[local_index] = best.class_index;
    }
  }
  workgroupBarrier();
  return best;
}

// Lane 0's candidate, known to all lanes of its column. Uniform control flow only.
fn broadcast_candidate(local_index: u32, candidate: Candidate) -> Candidate {
  if (lane_of(local_index) == 0u) {
    shared_values[local_index] = candidate.score;
    shared_classes[local_index] = candidate.class_index;
  }
  workgroupBarrier();
  let first = column_of(local_index);
  let known = Candidate(shared_values[first], shared_classes[first]);
  workgroupBarrier();
  return known;
}

// The value of the one lane of the column that is its source, known to all of them. Uniform control flow only.
fn broadcast_from(local_index: u32, is_source: bool, value: f32) -> f32 {
  let first = column_of(local_index);
  if (is_source) {
    shared_values[first] = value;
  }
  workgroupBarrier();
  let known = shared_values[first];
  workgroupBarrier();
  return known;
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

fn join_sums(a: LogSumExp, b: LogSumExp) -> LogSumExp {
  let high = max(a.high, b.high);
  return LogSumExp(high, (a.sum * exp(a.high - high)) + (b.sum * exp(b.high - high)), a.invalid | b.invalid);
}

// The log-sum-exp of each column, known to all of its lanes. Uniform control flow only.
fn reduce_log_sum_exp(local_index: u32, partial: LogSumExp) -> LogSumExp {
  var total = partial;
  shared_values[local_index] = total.high;
  shared_sums[local_index] = total.sum;
  shared_classes[local_index] = total.invalid;
  for (var partials = LANES; partials > 1u; partials = joined(partials)) {
    workgroupBarrier();
    if (lane_of(local_index) < joined(partials)) {
      for (var lane = lane_of(local_index) + joined(partials); lane < partials; lane += joined(partials)) {
        let other = invocation_of(local_index, lane);
        total = join_sums(total, LogSumExp(shared_values[other], shared_sums[other], shared_classes[other]));
      }
      shared_values[local_index] = total.high;
      shared_sums[local_index] = total.sum;
      shared_classes[local_index] = total.invalid;
    }
  }
  workgroupBarrier();
  let first = column_of(local_index);
  total = LogSumExp(shared_values[first], shared_sums[first], shared_classes[first]);
  workgroupBarrier();
  return total;
}

// Over the whole workgroup, known to all. Uniform control flow only.
fn reduce_count(local_index: u32, value: u32) -> u32 {
  var total = value;
  shared_classes[local_index] = total;
  for (var partials = WORKGROUP_SIZE; partials > 1u; partials = joined(partials)) {
    workgroupBarrier();
    if (local_index < joined(partials)) {
      for (var other = local_index + joined(partials); other < partials; other += joined(partials)) {
        total += shared_classes[other];
      }
      shared_classes[local_index] = total;
    }
  }
  return workgroupUniformLoad(&shared_classes[0]);
}
