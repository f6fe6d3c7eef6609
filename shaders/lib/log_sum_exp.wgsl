// Log-sum-exp of a column, accumulated by each lane and reduced over the lanes.
//#include "lib/lanes.wgsl"

struct LogSumExp {
  high: f32, // the largest term
  sum: f32, // of exp(term - high)
  invalid: u32, // not 0: some logit is NaN or +infinity
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
