// Draws x_0 of a column by a Gumbel argmax over its raw logits: no softmax and no log-sum-exp, since a constant added to a
// column changes nothing. For kernels whose `step` says where the logits lie.
//#include "lib/columns.wgsl"
//#include "lib/random.wgsl"
//#include "lib/reduce.wgsl"
//#include "lib/step.wgsl"

const MAX_TILE = 64u;
override NUM_GROUPS: u32 = (NUM_CODES + 3u) / 4u;
// A lane takes classes 4*lane to 4*lane + 3, then every LANES groups of four. It fetches four groups together, so that all
// are on their way before the first is needed; a lane with a column of its own is on a CPU, which does not wait for them.
override GROUPS_TOGETHER: u32 = min(LANES, 2u) * min(LANES, 2u);

fn classes_of(group: u32) -> vec4u {
  return vec4u(0u, 1u, 2u, 3u) + (group * 4u);
}

// Four classes as they lie in memory.
struct FetchedFour {
  conditional: Four,
  unconditional: Four,
}

// The index of a token's class 0, from the beginning of the logits.
fn column_start(token: u32) -> u32 {
  let item_start = (token / step.num_pixels) * step.num_pixels * NUM_CODES;
  return item_start + ((token % step.num_pixels) * step.pixel_stride);
}

// A group beyond the last reads the last again, a class beyond the last as well.
fn fetch(start: u32, any_group: u32) -> FetchedFour {
  var group = any_group;
  if (GROUPS_TOGETHER > 1u) {
    group = min(group, NUM_GROUPS - 1u);
  }
  var four: FetchedFour;
//#if VECTORS
  four.conditional = conditional[((step.conditional_offset + start) / 4u) + group];
//#if GUIDED
  four.unconditional = unconditional[((step.unconditional_offset + start) / 4u) + group];
//#endif
//#else
  let classes = min(classes_of(group), vec4u(NUM_CODES - 1u));
  let at = vec4u(start) + (classes * step.class_stride);
  let c = at + step.conditional_offset;
  four.conditional = vec4u(conditional_bits(c.x), conditional_bits(c.y), conditional_bits(c.z), conditional_bits(c.w));
//#if GUIDED
  let u = at + step.unconditional_offset;
  four.unconditional = vec4u(unconditional_bits(u.x), unconditional_bits(u.y), unconditional_bits(u.z), unconditional_bits(u.w));
//#endif
//#endif
  return four;
}

fn is_finite(four: FetchedFour) -> bool {
//#if GUIDED
  return all(are_finite(four_bits(four.conditional)) & are_finite(four_bits(four.unconditional)));
//#else
  return all(are_finite(four_bits(four.conditional)));
//#endif
}

// Their logits, if they are finite.
fn finite_logits(four: FetchedFour) -> vec4f {
//#if GUIDED
  return guided(four_bits(four.conditional), four_bits(four.unconditional), step.guidance_scale);
//#else
  return bitcast<vec4f>(four_bits(four.conditional));
//#endif
}

// Their logits, whatever they are.
fn decode(four: FetchedFour) -> FourLogits {
//#if GUIDED
  return guided_logits(four_bits(four.conditional), four_bits(four.unconditional), step.guidance_scale);
//#else
  return plain_logits(four_bits(four.conditional));
//#endif
}

// The logits of GROUPS_TOGETHER groups, one every LANES groups; where it is one, four times the same.
struct Quad {
  first: vec4f,
  second: vec4f,
  third: vec4f,
  fourth: vec4f,
  invalid: bool,
}

// A class that does not exist has no probability.
fn of_existing(logits: vec4f, group: u32) -> vec4f {
  if (NUM_CODES % (4u * GROUPS_TOGETHER * LANES) == 0u) {
    return logits;
  }
  return select(vec4f(LOG_ZERO), logits, classes_of(group) < vec4u(NUM_CODES));
}

fn read_quad(start: u32, group: u32) -> Quad {
  let a = fetch(start, group);
  var b = a;
  var c = a;
  var d = a;
  if (GROUPS_TOGETHER == 4u) {
    b = fetch(start, group + LANES);
    c = fetch(start, group + (2u * LANES));
    d = fetch(start, group + (3u * LANES));
  }
  var quad = Quad(finite_logits(a), finite_logits(b), finite_logits(c), finite_logits(d), false);
  // What is not finite is rare, and telling it apart costs more than to see that there is none. This is asked of all four
  // at once: some compilers put off a fetch to where it is needed, behind a branch if there is one.
  if (!(is_finite(a) & is_finite(b) & is_finite(c) & is_finite(d))) {
    let any_a = decode(a);
    let any_b = decode(b);
    let any_c = decode(c);
    let any_d = decode(d);
    let invalid = any_a.invalid | any_b.invalid | any_c.invalid | any_d.invalid;
    quad = Quad(any_a.values, any_b.values, any_c.values, any_d.values, invalid);
  }
  quad.first = of_existing(quad.first, group);
  quad.second = of_existing(quad.second, group + LANES);
  quad.third = of_existing(quad.third, group + (2u * LANES));
  quad.fourth = of_existing(quad.fourth, group + (3u * LANES));
  return quad;
}

// What the lanes of a listed token's column tell each other: the best score so far, as an ordered integer, and the lowest
// class that has it.
var<workgroup> best_scores: array<atomic<u32>, MAX_TILE>;
var<workgroup> best_classes: array<atomic<u32>, MAX_TILE>;

fn forget_best(position: u32) {
  atomicStore(&best_scores[position], ordered(LOG_ZERO_LIMIT));
  atomicStore(&best_classes[position], INVALID_CLASS);
}

// What a score has to exceed to be the best of the column, less a margin for rounding.
fn bound_of(position: u32, own: f32) -> f32 {
  var bound = own;
  if (LANES > 1u) {
    bound = from_ordered(atomicLoad(&best_scores[position]));
  }
  return bound - (0x1p-6 + (0x1p-20 * abs(bound)));
}

// A place in the order of falling logits, equal ones by rising class.
struct Rank {
  logit: f32,
  class_index: u32,
}

fn ranked_before(logits: vec4f, group: u32, bound: Rank) -> vec4<bool> {
  let earlier = classes_of(group) < vec4u(bound.class_index);
  return (logits > vec4f(bound.logit)) | ((logits == vec4f(bound.logit)) & earlier);
}

// What a lane has found: the best class, NO_CLASS if none had a finite score, and its score; under TRUNCATED the mass too,
// relative to a high logit.
struct Share {
  best: Rank,
  score: f32,
  invalid: bool, // looked at in the end: a loop that may end early cannot read ahead
  high: f32,
  sum: f32,
}
const NO_SHARE = Share(Rank(LOG_ZERO, NO_CLASS), LOG_ZERO_LIMIT, false, LOG_ZERO, 0.0);

fn with_class(so_far: Share, score: f32, logit: f32, class_index: u32) -> Share {
  var share = so_far;
  if (score > share.score) {
    share.score = score;
    share.best = Rank(logit, class_index);
  }
  return share;
}

// Takes one of four classes if its noised score is higher. The exponential -log(1 - v) of a word is at least v, so a class
// stays below the bound unless v < exp(logit - bound), here in units of 2^-32: most do, and need neither the exponential
// nor its logarithm.
fn with_best(so_far: Share, position: u32, key: vec4u, group: u32, logits: vec4f, chances: vec4f) -> Share {
  let words = class_words(key, group);
  if (all(vec4f(words) > chances)) {
    return so_far;
  }
  let scores = logits - log(exponentials(key, group, words));
  // No loop: a vector with a variable index may be kept in memory.
  var share = with_class(so_far, scores.x, logits.x, group * 4u);
  share = with_class(share, scores.y, logits.y, (group * 4u) + 1u);
  share = with_class(share, scores.z, logits.z, (group * 4u) + 2u);
  share = with_class(share, scores.w, logits.w, (group * 4u) + 3u);
  if (LANES > 1u) {
    atomicMax(&best_scores[position], ordered(share.score));
  }
  return share;
}

const NO_BOUND = Rank(LOG_ZERO, NO_CLASS);

// Adds four classes. Predictions are sharpened to p^exponent; under TRUNCATED only those count that rank before a bound.
fn with_four(so_far: Share, position: u32, key: vec4u, group: u32, four: vec4f, exponent: f32, bound: Rank) -> Share {
  var share = so_far;
  var logits = exponent * four;
//#if TRUNCATED
  if (bound.class_index != NO_CLASS) {
    let counts = ranked_before(four, group, bound);
    if (!any(counts)) {
      return so_far;
    }
    logits = select(vec4f(LOG_ZERO), four, counts);
  }
  // Masses are chances too, in another unit.
  let masses = exp(logits - share.high);
  share.sum += dot(masses, vec4f(1.0));
  let chances = masses * exp2(min(((share.high - bound_of(position, share.score)) * LOG2_E) + 32.0, 100.0));
//#else
  let chances = exp2((min(logits - bound_of(position, share.score), vec4f(0.0)) * LOG2_E) + 32.0);
//#endif
  return with_best(share, position, key, group, logits, chances);
}

fn with_quad(so_far: Share, position: u32, key: vec4u, group: u32, quad: Quad, exponent: f32, bound: Rank) -> Share {
  var share = so_far;
//#if TRUNCATED
  // The mass is relative to the highest logit that the lane knows of: in the first pass, of those that it has seen.
  let high_four = max(max(quad.first, quad.second), max(quad.third, quad.fourth));
  let highest = max(max(high_four.x, high_four.y), max(high_four.z, high_four.w));
  if (highest > share.high) {
    share.sum *= exp(share.high - highest);
    share.high = highest;
  }
//#endif
  share = with_four(share, position, key, group, quad.first, exponent, bound);
  if (GROUPS_TOGETHER == 4u) {
    share = with_four(share, position, key, group + LANES, quad.second, exponent, bound);
    share = with_four(share, position, key, group + (2u * LANES), quad.third, exponent, bound);
    share = with_four(share, position, key, group + (3u * LANES), quad.fourth, exponent, bound);
  }
  share.invalid |= quad.invalid;
  return share;
}

// Lanes that are done tell what they have found; after a barrier those with the best score name their class; after another
// it is known: INVALID_CLASS if some logit is invalid, NO_CLASS if none is finite.
fn tell(position: u32, share: Share) {
  // No score is as high as what stands for an invalid logit.
  atomicMax(&best_scores[position], select(ordered(share.score), INVALID_CLASS, share.invalid));
}

fn name_best(position: u32, share: Share) {
  if (ordered(share.score) == atomicLoad(&best_scores[position])) {
    atomicMin(&best_classes[position], share.best.class_index);
  }
}

//#if TRUNCATED
//#else
// Draws from a column. Uniform control flow only.
fn draw_column(position: u32, start: u32, lane: u32, in_range: bool, key: vec4u, exponent: f32) -> u32 {
  var share = NO_SHARE;
  if (in_range) {
    for (var group = lane; group < NUM_GROUPS; group += GROUPS_TOGETHER * LANES) {
      share = with_quad(share, position, key, group, read_quad(start, group), exponent, NO_BOUND);
    }
    tell(position, share);
  }
  if (LANES == 1u) {
    return select(share.best.class_index, INVALID_CLASS, share.invalid);
  }
  workgroupBarrier();
  if (in_range) {
    name_best(position, share);
  }
  workgroupBarrier();
  return atomicLoad(&best_classes[position]);
}
//#endif
