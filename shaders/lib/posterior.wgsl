// log q(x_u | x_t) of a column by the closed form of the posterior, with the log(1e-30) floors of diffusers
// (docs/MATH.md#posterior-closed-form). LOG_ZERO stands for log 0 in the coefficients.

struct PosteriorItem {
  masked_class: f32,
  masked_any: f32,
  masked_mask: f32,
  cumulative_other: f32,
  cumulative_same: f32,
  step_other: f32,
  step_same: f32,
  log_keep: f32,
  log_replace: f32,
  ordinary_mask: f32,
  mask_possible: u32, // 0: the schedule never masks
  ordinary_possible: u32, // 0: the schedule masks every token by t
}

struct Posterior {
  num_tokens: u32,
  num_pixels: u32,
  class_major: u32,
  rows: u32, // K + 1, or K for the last step, whose scores are the logits
  conditional_offset: u32,
  unconditional_offset: u32,
  sample_offset: u32,
  noise_offset: u32,
  output_offset: u32,
  guidance_scale: f32,
  items: array<PosteriorItem>,
}

// Whether the process can produce this x_t. Nothing can be said of any other.
fn is_possible(item: PosteriorItem, class_t: u32) -> bool {
  return select(item.ordinary_possible, item.mask_possible, class_t == NUM_CODES) != 0u;
}

// The term of class k in the column's sum: log p(x_0 = k), less log q(x_t | x_0 = k) for an ordinary x_t.
fn posterior_term(item: PosteriorItem, class_t: u32, k: u32, logit: f32) -> f32 {
  if (class_t == NUM_CODES) {
    return logit;
  }
  return logit - select(item.cumulative_other, item.cumulative_same, k == class_t);
}

// Row k of the posterior; `total` is the log-sum-exp of the column's terms, `term` that of class k.
fn posterior_row(item: PosteriorItem, class_t: u32, k: u32, term: f32, total: f32) -> f32 {
  if (class_t == NUM_CODES) {
    if (k == NUM_CODES) {
      return item.masked_mask + total;
    }
    return log_add_exp(item.masked_class + term, item.masked_any + total);
  }
  if (k == NUM_CODES) {
    return item.ordinary_mask + total;
  }
  return select(item.step_other, item.step_same, k == class_t)
    + log_add_exp(item.log_keep + term, item.log_replace + total);
}
