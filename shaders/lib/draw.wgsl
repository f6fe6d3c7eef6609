// Draws x_0 of a column by a Gumbel argmax over its raw logits (docs/MATH.md#gumbel-noise). It needs neither softmax
// nor log-sum-exp: a constant added to a column changes nothing.
//#include "lib/best_class.wgsl"
//#include "lib/fetch_logits.wgsl"

// A place in the order of falling logits; equal logits are ordered by rising class.
struct Rank {
  logit: f32,
  class_index: u32,
}
const NO_BOUND = Rank(LOG_ZERO, NO_CLASS);

fn ranked_before(logits: vec4f, group: u32, bound: Rank) -> vec4<bool> {
  let earlier = classes_of(group) < vec4u(bound.class_index);
  return (logits > vec4f(bound.logit)) | ((logits == vec4f(bound.logit)) & earlier);
}

// What a lane has found in its part of the column.
struct Found {
  best: Rank, // of the best class, NO_CLASS if no score is finite
  score: f32, // of the best class: logit + Gumbel noise
  invalid: bool, // checked after the loop: an early exit would stop the compiler from prefetching loads
  // Under TRUNCATED: the sum of exp(logit - high).
  high: f32,
  sum: f32,
}
const NOTHING_FOUND = Found(Rank(LOG_ZERO, NO_CLASS), LOG_ZERO_LIMIT, false, LOG_ZERO, 0.0);

// Whether a lane has met NaN or +infinity. Guided and sharpened logits can be +infinity too: the best score is then, so
// they need no test of their own.
fn is_invalid(found: Found) -> bool {
  return found.invalid || found.score >= LOGIT_LIMIT;
}

fn with_class(before: Found, score: f32, logit: f32, class_index: u32) -> Found {
  var found = before;
  if (score > found.score) {
    found.score = score;
    found.best = Rank(logit, class_index);
  }
  return found;
}

// Takes the best of four classes if its score is higher.
//
// The noise of a class comes from a random word v in units of 2^-32 through the exponential -log(1 - v), which is at
// least v. A class can therefore exceed the bound only if v < exp(logit - bound), its `word_bounds`. Most classes
// cannot, and skip the exponential and its logarithm.
fn with_best_of_four(before: Found, position: u32, key: vec4u, group: u32, logits: vec4f, word_bounds: vec4f) -> Found {
  let words = class_words(key, group);
  if (all(vec4f(words) > word_bounds)) {
    return before;
  }
  let scores = logits - log(exponentials(key, group, words));
  // Unrolled: a vector with a variable index may be moved to memory.
  var found = with_class(before, scores.x, logits.x, group * 4u);
  found = with_class(found, scores.y, logits.y, (group * 4u) + 1u);
  found = with_class(found, scores.z, logits.z, (group * 4u) + 2u);
  found = with_class(found, scores.w, logits.w, (group * 4u) + 3u);
  if (LANES > 1u) {
    atomicMax(&best_scores[position], ordered(found.score));
  }
  return found;
}

// Adds four classes, drawn with probability p^exponent. Under TRUNCATED the exponent is 1, and only classes that rank
// before the bound take part.
fn with_four(before: Found, position: u32, key: vec4u, group: u32, four: vec4f, exponent: f32, bound: Rank) -> Found {
  var found = before;
  var logits = exponent * four;
//#if TRUNCATED
  if (bound.class_index != NO_CLASS) {
    let takes_part = ranked_before(four, group, bound);
    if (!any(takes_part)) {
      return before;
    }
    logits = select(vec4f(LOG_ZERO), four, takes_part);
  }
  // Reuses exp(logit - high), the mass, as the bound on the random word, rescaled.
  let masses = exp(logits - found.high);
  found.sum += dot(masses, vec4f(1.0));
  let word_bounds = masses * exp2(min(((found.high - score_bound(position, found.score)) * LOG2_E) + 32.0, 100.0));
//#else
  let word_bounds = exp2((min(logits - score_bound(position, found.score), vec4f(0.0)) * LOG2_E) + 32.0);
//#endif
  return with_best_of_four(found, position, key, group, logits, word_bounds);
}

fn with_block(before: Found, position: u32, key: vec4u, group: u32, loaded: LogitBlock, exponent: f32, bound: Rank) -> Found {
  var found = before;
//#if TRUNCATED
  // The mass is relative to the highest logit that the lane has seen.
  let high_four = max(max(loaded.first, loaded.second), max(loaded.third, loaded.fourth));
  let highest = max(max(high_four.x, high_four.y), max(high_four.z, high_four.w));
  if (highest > found.high) {
    found.sum *= exp(found.high - highest);
    found.high = highest;
  }
//#endif
  found = with_four(found, position, key, group, loaded.first, exponent, bound);
  if (GROUPS_TOGETHER == 4u) {
    found = with_four(found, position, key, group + LANES, loaded.second, exponent, bound);
    found = with_four(found, position, key, group + (2u * LANES), loaded.third, exponent, bound);
    found = with_four(found, position, key, group + (3u * LANES), loaded.fourth, exponent, bound);
  }
  found.invalid |= loaded.invalid;
  return found;
}

//#if TRUNCATED
//#else
// The class drawn from a listed token's column, known to all of its lanes. Uniform control flow only.
fn draw_column(position: u32, start: u32, lane: u32, in_range: bool, key: vec4u, exponent: f32) -> u32 {
  var found = NOTHING_FOUND;
  if (in_range) {
    for (var group = first_group + lane; group < end_group; group += GROUPS_TOGETHER * LANES) {
      found = with_block(found, position, key, group, read_block(start, group), exponent, NO_BOUND);
    }
    publish_score(position, found.score, is_invalid(found));
  }
  if (LANES == 1u) {
    return select(found.best.class_index, INVALID_CLASS, is_invalid(found));
  }
  workgroupBarrier();
  if (in_range) {
    elect_class(position, found.score, found.best.class_index);
  }
  workgroupBarrier();
  return atomicLoad(&best_classes[position]);
}
//#endif
