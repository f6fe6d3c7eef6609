// Reductions over the lanes that share one column. A workgroup of WORKGROUP_SIZE invocations works on
// WORKGROUP_SIZE / LANES columns at a time, LANES (a power of two) invocations each.

const WORKGROUP_SIZE = 64u;
override LANES: u32 = 64u;

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

// The best candidate of each group of LANES invocations, known to its lane 0. Uniform control flow only.
fn reduce_candidates(local_index: u32, candidate: Candidate) -> Candidate {
  var best = candidate;
  shared_values[local_index] = best.score;
  shared_classes[local_index] = best.class_index;
  for (var distance = LANES / 2u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (local_index % LANES < distance) {
      best = better(best, Candidate(shared_values[local_index + distance], shared_classes[local_index + distance]));
      shared_values[local_index] = best.score;
      shared_classes[local_index] = best.class_index;
    }
  }
  workgroupBarrier();
  return best;
}

// Lane 0's candidate, known to all lanes of its group. Uniform control flow only.
fn broadcast_candidate(local_index: u32, candidate: Candidate) -> Candidate {
  if (local_index % LANES == 0u) {
    shared_values[local_index] = candidate.score;
    shared_classes[local_index] = candidate.class_index;
  }
  workgroupBarrier();
  let first = local_index - (local_index % LANES);
  let known = Candidate(shared_values[first], shared_classes[first]);
  workgroupBarrier();
  return known;
}

// The value of the one lane of the group that is its source, known to all of them. Uniform control flow only.
fn broadcast_from(local_index: u32, is_source: bool, value: f32) -> f32 {
  let first = local_index - (local_index % LANES);
  if (is_source) {
    shared_values[first] = value;
  }
  workgroupBarrier();
  let known = shared_values[first];
  workgroupBarrier();
  return known;
}

// Whether the condition holds for any invocation of the workgroup; the answer is uniform. Uniform control flow only.
fn any_invocation(local_index: u32, condition: bool) -> bool {
  shared_classes[local_index] = u32(condition);
  for (var distance = WORKGROUP_SIZE / 2u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (local_index < distance) {
      shared_classes[local_index] |= shared_classes[local_index + distance];
    }
  }
  return workgroupUniformLoad(&shared_classes[0]) != 0u;
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

// The log-sum-exp of each group of LANES invocations, known to all of them. Uniform control flow only.
fn reduce_log_sum_exp(local_index: u32, partial: LogSumExp) -> LogSumExp {
  shared_values[local_index] = partial.high;
  shared_sums[local_index] = partial.sum;
  shared_classes[local_index] = partial.invalid;
  for (var distance = LANES / 2u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (local_index % LANES < distance) {
      let other = local_index + distance;
      let high = max(shared_values[local_index], shared_values[other]);
      shared_sums[local_index] = (shared_sums[local_index] * exp(shared_values[local_index] - high))
        + (shared_sums[other] * exp(shared_values[other] - high));
      shared_values[local_index] = high;
      shared_classes[local_index] |= shared_classes[other];
    }
  }
  workgroupBarrier();
  let first = local_index - (local_index % LANES);
  let total = LogSumExp(shared_values[first], shared_sums[first], shared_classes[first]);
  workgroupBarrier();
  return total;
}

// The sum over each group of LANES invocations, known to all of them. Uniform control flow only.
fn reduce_sum(local_index: u32, value: f32) -> f32 {
  shared_values[local_index] = value;
  for (var distance = LANES / 2u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (local_index % LANES < distance) {
      shared_values[local_index] += shared_values[local_index + distance];
    }
  }
  workgroupBarrier();
  let total = shared_values[local_index - (local_index % LANES)];
  workgroupBarrier();
  return total;
}

// Over the whole workgroup, known to all. Uniform control flow only.
fn reduce_count(local_index: u32, value: u32) -> u32 {
  shared_classes[local_index] = value;
  for (var distance = WORKGROUP_SIZE / 2u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (local_index < distance) {
      shared_classes[local_index] += shared_classes[local_index + distance];
    }
  }
  return workgroupUniformLoad(&shared_classes[0]);
}

fn reduce_max(local_index: u32, value: f32) -> f32 {
  shared_values[local_index] = value;
  for (var distance = WORKGROUP_SIZE / 2u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (local_index < distance) {
      shared_values[local_index] = max(shared_values[local_index], shared_values[local_index + distance]);
    }
  }
  return workgroupUniformLoad(&shared_values[0]);
}
