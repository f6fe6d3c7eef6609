// Fetches the logits of a column for the draw, in blocks of up to sixteen. Kernels that include this bind `step`,
// `conditional` and, under GUIDED, `unconditional`.
//#include "lib/lanes.wgsl"
//#include "lib/logit_bits.wgsl"
//#include "lib/routes.wgsl"

// Classes are read in groups of four: class k belongs to group k / 4.
override NUM_GROUPS: u32 = (NUM_CODES + 3u) / 4u;
// Groups in a block. With several lanes to a column it is four, fetched together so that the loads overlap. A lane that
// has a column to itself runs on a CPU, where loads do not wait: there it is one.
override GROUPS_TOGETHER: u32 = min(LANES, 2u) * min(LANES, 2u);

fn classes_of(group: u32) -> vec4u {
  return vec4u(0u, 1u, 2u, 3u) + (group * 4u);
}

//#if CLASS_RANGES
// The classes of the column that the invocation works on, and the groups that have them. The first group is one of lane 0.
var<private> column_range: ClassRange;
var<private> first_group: u32;
var<private> end_group: u32;
//#else
const first_group = 0u;
override end_group: u32 = NUM_GROUPS;
//#endif

// Before the first group of a token's column is read.
fn begin_column(token: u32) {
//#if CLASS_RANGES
  column_range = class_range(token % step.num_pixels);
  first_group = (column_range.first / (4u * LANES)) * LANES;
  end_group = (column_range.last / 4u) + 1u;
//#endif
}

// The logits of a lane's next GROUPS_TOGETHER groups, which lie LANES groups apart. If it is one group, all four are
// equal.
struct LogitBlock {
  first: vec4f,
  second: vec4f,
  third: vec4f,
  fourth: vec4f,
  invalid: bool, // some logit is NaN or +infinity
}

// Four classes as they lie in memory.
struct FetchedFour {
  conditional: Four,
  unconditional: Four,
//#if CLASS_RANGES
  takes_part: vec4<bool>,
//#endif
}

// The bits of the two halves. Classes that the pixel cannot have are excluded, whatever their logits are.
fn conditional_of(four: FetchedFour) -> vec4u {
//#if CLASS_RANGES
  return select(vec4u(NEGATIVE_INFINITY_BITS), four_bits(four.conditional), four.takes_part);
//#else
  return four_bits(four.conditional);
//#endif
}

//#if GUIDED
fn unconditional_of(four: FetchedFour) -> vec4u {
//#if CLASS_RANGES
  return select(vec4u(NEGATIVE_INFINITY_BITS), four_bits(four.unconditional), four.takes_part);
//#else
  return four_bits(four.unconditional);
//#endif
}
//#endif

fn are_in_range(group: u32) -> vec4<bool> {
//#if CLASS_RANGES
  let classes = classes_of(group);
  return (classes >= vec4u(column_range.first)) & (classes <= vec4u(column_range.last));
//#else
  return classes_of(group) < vec4u(NUM_CODES);
//#endif
}

// Index of a token's class 0 in the logits.
fn column_start(token: u32) -> u32 {
  let item_start = (token / step.num_pixels) * step.num_pixels * NUM_CODES;
  return item_start + ((token % step.num_pixels) * step.pixel_stride);
}

// A group beyond the last is read as the last, and a class beyond the last too: of_existing removes them.
fn fetch(start: u32, any_group: u32) -> FetchedFour {
  var group = any_group;
  if (GROUPS_TOGETHER > 1u) {
    group = min(group, NUM_GROUPS - 1u);
  }
  var four: FetchedFour;
//#if CLASS_RANGES
  four.takes_part = are_in_range(any_group);
//#endif
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
  return all(are_finite(conditional_of(four)) & are_finite(unconditional_of(four)));
//#else
  return all(are_finite(conditional_of(four)));
//#endif
}

// The logits of four classes, valid only if all are finite.
fn finite_logits(four: FetchedFour) -> vec4f {
//#if GUIDED
  return guided(conditional_of(four), unconditional_of(four), step.guidance_scale);
//#else
  return bitcast<vec4f>(conditional_of(four));
//#endif
}

// The logits of any four classes.
fn decode(four: FetchedFour) -> FourLogits {
//#if GUIDED
  return guided_logits(conditional_of(four), unconditional_of(four), step.guidance_scale);
//#else
  return plain_logits(conditional_of(four));
//#endif
}

// Gives classes beyond the last, or out of the pixel's range, the probability 0.
fn of_existing(logits: vec4f, group: u32) -> vec4f {
//#if CLASS_RANGES
//#else
  if (NUM_CODES % (4u * GROUPS_TOGETHER * LANES) == 0u) {
    return logits;
  }
//#endif
  return select(vec4f(LOG_ZERO), logits, are_in_range(group));
}

fn read_block(start: u32, group: u32) -> LogitBlock {
  let a = fetch(start, group);
  if (GROUPS_TOGETHER == 1u) {
    var logits = FourLogits(finite_logits(a), false);
    if (!is_finite(a)) {
      logits = decode(a);
    }
    let values = of_existing(logits.values, group);
    return LogitBlock(values, values, values, values, logits.invalid);
  }
  let b = fetch(start, group + LANES);
  let c = fetch(start, group + (2u * LANES));
  let d = fetch(start, group + (3u * LANES));
  var loaded = LogitBlock(finite_logits(a), finite_logits(b), finite_logits(c), finite_logits(d), false);
  // Non-finite logits are rare and take longer to decode, so one test skips that. It covers all four groups at once:
  // with a test for each, some compilers delay a load until after the previous branch.
  if (!(is_finite(a) & is_finite(b) & is_finite(c) & is_finite(d))) {
    let any_a = decode(a);
    let any_b = decode(b);
    let any_c = decode(c);
    let any_d = decode(d);
    let invalid = any_a.invalid | any_b.invalid | any_c.invalid | any_d.invalid;
    loaded = LogitBlock(any_a.values, any_b.values, any_c.values, any_d.values, invalid);
  }
  loaded.first = of_existing(loaded.first, group);
  loaded.second = of_existing(loaded.second, group + LANES);
  loaded.third = of_existing(loaded.third, group + (2u * LANES));
  loaded.fourth = of_existing(loaded.fourth, group + (3u * LANES));
  return loaded;
}
