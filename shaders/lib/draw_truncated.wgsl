// Draws from the classes that truncation keeps, without sorting (docs/MATH.md#truncation): draw from all classes; if
// the mass ranked before the drawn class reaches the rate, that class is not kept: draw again among the classes ranked
// before it, with the same noise. The accepted class has the best score of the kept set, as if the others had been
// struck out.
//
// If a lane has a single block of classes, the block stays in registers and the column is read once.
//#include "lib/draw.wgsl"

//#if TRUNCATED
// The highest logit of a listed token's column, as an ordered integer.
var<workgroup> highs: array<atomic<u32>, MAX_TILE>;
// The logit of the best class that each lane found.
var<workgroup> best_logits: array<f32, WORKGROUP_SIZE>;
var<workgroup> num_pending: atomic<u32>;
var<workgroup> any_pending: u32;

// The best class of the lanes of a column, known to all of them. Uniform control flow only.
fn join_best(local_index: u32, position: u32, takes_part: bool, found: Found) -> Rank {
  if (takes_part) {
    best_logits[local_index] = found.best.logit;
    publish_score(position, found.score, is_invalid(found));
    atomicMax(&highs[position], ordered(found.high));
  }
  column_barrier();
  if (takes_part) {
    elect_class(position, found.score, found.best.class_index);
  }
  column_barrier();
  let elected = atomicLoad(&best_classes[position]);
  return Rank(best_logits[invocation_of(local_index, (elected / 4u) % LANES)], elected);
}

// The mass of a block's classes that rank before a bound, relative to a high logit.
fn mass_before(loaded: LogitBlock, group: u32, bound: Rank, high: f32) -> f32 {
  var mass = mass_of_four(loaded.first, group, bound, high);
  if (GROUPS_TOGETHER == 4u) {
    mass += mass_of_four(loaded.second, group + LANES, bound, high);
    mass += mass_of_four(loaded.third, group + (2u * LANES), bound, high);
    mass += mass_of_four(loaded.fourth, group + (3u * LANES), bound, high);
  }
  return mass;
}

fn mass_of_four(four: vec4f, group: u32, bound: Rank, high: f32) -> f32 {
  let is_before = ranked_before(four, group, bound);
  if (!any(is_before)) {
    return 0.0;
  }
  return dot(select(vec4f(), exp(four - high), is_before), vec4f(1.0));
}

// Whether lane 0 of some column is pending, known to all. Uniform control flow only.
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

// The class drawn from a listed token's column, known to all of its lanes. Uniform control flow only.
fn draw_truncated(local_index: u32, position: u32, start: u32, in_range: bool, key: vec4u) -> u32 {
  let lane = lane_of(local_index);
  let is_held = NUM_GROUPS <= GROUPS_TOGETHER * LANES;
  var drawn = NO_CLASS;
  var kept_mass = 0.0; // rate times the mass of the lane's own classes
  var loaded: LogitBlock;
  var found = NOTHING_FOUND;
  var bound = NO_BOUND;
  var takes_part = in_range;
  // The first draw and the redraws share one loop: the body is long, and its instructions have to be fetched too.
  for (var is_first = true; ; is_first = false) {
    if (takes_part) {
      for (var group = first_group + lane; group < end_group; group += GROUPS_TOGETHER * LANES) {
        if (is_first || !is_held) {
          loaded = read_block(start, group);
        }
        found = with_block(found, position, key, group, loaded, 1.0, bound);
      }
    }
    bound = join_best(local_index, position, takes_part, found);
    takes_part = takes_part && bound.class_index < NUM_CODES;
    if (takes_part || is_first) {
      drawn = bound.class_index;
    }
    // The mass ranked before the drawn class, less the mass to keep: the class is kept if the sum over the lanes is
    // below 0.
    var excess = 0.0;
    let high = from_ordered(atomicLoad(&highs[position]));
    if (takes_part) {
      if (is_first) {
        kept_mass = step.truncation_rate * found.sum * exp(found.high - high);
      }
      excess = -kept_mass;
      for (var group = first_group + lane; group < end_group; group += GROUPS_TOGETHER * LANES) {
        if (!is_held) {
          loaded = read_block(start, group);
        }
        excess += mass_before(loaded, group, bound, high);
      }
    }
    if (LANES > 1u) {
      partial_sums[local_index] = excess;
      workgroupBarrier();
      excess = sum_of_partials(local_index, excess);
    }
    // Lane 0 decides whether to draw again. The other lanes see it by the reset class.
    let pending = lane == 0u && takes_part && excess >= 0.0;
    if (pending) {
      reset_best(position);
    }
    if (!some_pending(local_index, pending)) {
      break;
    }
    takes_part = takes_part && atomicLoad(&best_classes[position]) == INVALID_CLASS;
    found = NOTHING_FOUND;
    found.high = high;
  }
  return drawn;
}
//#endif
