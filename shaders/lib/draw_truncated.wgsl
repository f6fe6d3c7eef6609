// Draws from the classes that truncation keeps, without sorting: draw from all; if the mass ranked before the drawn class
// reaches the rate, the class is not kept, so draw again among those ranked before it, with the same noise. What is
// accepted has the highest noised score of the kept set, as if the others had been struck out.
//
// Where a lane has one quad of classes, it stays in registers, and the column is fetched once. Goes with lib/draw.wgsl.

// The highest logit of a column, as an ordered integer, and the logit of the best class that a lane found.
var<workgroup> highs: array<atomic<u32>, MAX_TILE>;
var<workgroup> best_logits: array<f32, WORKGROUP_SIZE>;
var<workgroup> num_pending: atomic<u32>;
var<workgroup> any_pending: u32;

// The best class that the lanes of a column found in a pass, known to all of them. Uniform control flow only.
fn join_best(local_index: u32, position: u32, takes_part: bool, found: Share) -> Rank {
  if (takes_part) {
    best_logits[local_index] = found.best.logit;
    tell(position, found);
    atomicMax(&highs[position], ordered(found.high));
  }
  column_barrier();
  if (takes_part) {
    name_best(position, found);
  }
  column_barrier();
  let named = atomicLoad(&best_classes[position]);
  return Rank(best_logits[invocation_of(local_index, (named / 4u) % LANES)], named);
}

// The mass of the classes of a quad that rank before a bound, relative to a high logit.
fn mass_before(quad: Quad, group: u32, bound: Rank, high: f32) -> f32 {
  var mass = mass_of_four(quad.first, group, bound, high);
  if (GROUPS_TOGETHER == 4u) {
    mass += mass_of_four(quad.second, group + LANES, bound, high);
    mass += mass_of_four(quad.third, group + (2u * LANES), bound, high);
    mass += mass_of_four(quad.fourth, group + (3u * LANES), bound, high);
  }
  return mass;
}

fn mass_of_four(four: vec4f, group: u32, bound: Rank, high: f32) -> f32 {
  let counts = ranked_before(four, group, bound);
  if (!any(counts)) {
    return 0.0;
  }
  return dot(select(vec4f(), exp(four - high), counts), vec4f(1.0));
}

// Whether lane 0 of some column says so, known to all. Uniform control flow only.
fn some_pending(local_index: u32, pending: bool) -> bool {
  if (LANES == WORKGROUP_SIZE) {
    if (local_index == 0u) {
      any_pending = u32(pending);
    }
  } else {
    if (pending) {
      atomicAdd(&num_pending, 1u);
    }
    workgroupBarrier();
    if (local_index == 0u) {
      any_pending = atomicExchange(&num_pending, 0u);
    }
  }
  return workgroupUniformLoad(&any_pending) != 0u;
}

// The draw of a column, known to all of its lanes. Uniform control flow only.
fn draw_truncated(local_index: u32, position: u32, start: u32, in_range: bool, key: vec4u) -> u32 {
  let lane = lane_of(local_index);
  let is_held = NUM_GROUPS <= GROUPS_TOGETHER * LANES;
  var drawn = NO_CLASS;
  var kept = 0.0; // the part of the mass to be kept that the lane's classes make up
  var quad: Quad;
  var found = NO_SHARE;
  var bound = NO_BOUND;
  var takes_part = in_range;
  // One loop for the first draw and those after it: the code of one is long, and instructions have to be fetched too.
  for (var is_first = true; ; is_first = false) {
    if (takes_part) {
      for (var group = lane; group < NUM_GROUPS; group += GROUPS_TOGETHER * LANES) {
        if (is_first || !is_held) {
          quad = read_quad(start, group);
        }
        found = with_quad(found, position, key, group, quad, 1.0, bound);
      }
    }
    bound = join_best(local_index, position, takes_part, found);
    takes_part = takes_part && bound.class_index < NUM_CODES;
    if (takes_part || is_first) {
      drawn = bound.class_index;
    }
    // The mass before what was drawn, less the mass to be kept.
    var excess = 0.0;
    let high = from_ordered(atomicLoad(&highs[position]));
    if (takes_part) {
      if (is_first) {
        kept = step.truncation_rate * found.sum * exp(found.high - high);
      }
      excess = -kept;
      for (var group = lane; group < NUM_GROUPS; group += GROUPS_TOGETHER * LANES) {
        if (!is_held) {
          quad = read_quad(start, group);
        }
        excess += mass_before(quad, group, bound, high);
      }
    }
    if (LANES > 1u) {
      partial_sums[local_index] = excess;
      workgroupBarrier();
      excess = sum_of_partials(local_index, excess);
    }
    // Lane 0 decides, and the others learn of it: a class that stands is not forgotten.
    let pending = lane == 0u && takes_part && excess >= 0.0;
    if (pending) {
      forget_best(position);
    }
    if (!some_pending(local_index, pending)) {
      break;
    }
    takes_part = takes_part && atomicLoad(&best_classes[position]) == INVALID_CLASS;
    found = NO_SHARE;
    found.high = high;
  }
  return drawn;
}
