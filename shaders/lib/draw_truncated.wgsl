// Draws from the classes that truncation keeps, without sorting: draw from all; if the mass ranked before the drawn class
// reaches the rate, the class is not kept, so draw again among those ranked before it, with the same noise. What is
// accepted has the highest noised score of the kept set, as if the others had been struck out.
//
// Where a lane has one quad of classes, it stays in registers, and the column is fetched once. Goes with lib/draw.wgsl.

// The highest logit of a column, as an ordered integer, and what was drawn in the last pass, before which the next looks:
// no class, where there is none.
var<workgroup> highs: array<atomic<u32>, MAX_TILE>;
var<workgroup> drawn_ranks: array<Rank, MAX_TILE>;
var<workgroup> num_pending: atomic<u32>;
var<workgroup> any_pending: u32;

// The mass that the lanes of a column found in a pass, relative to its highest logit; lanes without a part in it give none.
// In passing the rank of the best class is told. Both are known to lane 0. Uniform control flow only.
fn join_shares(local_index: u32, position: u32, takes_part: bool, found: Share) -> f32 {
  if (takes_part) {
    tell(position, found);
    atomicMax(&highs[position], ordered(found.high));
  }
  workgroupBarrier();
  var sum = 0.0;
  if (takes_part) {
    name_best(position, found);
    sum = found.sum * exp(found.high - from_ordered(atomicLoad(&highs[position])));
  }
  partial_sums[local_index] = sum;
  workgroupBarrier();
  let named = atomicLoad(&best_classes[position]);
  if (takes_part && select(lane_of(local_index) == 0u, found.best.class_index == named, named < NUM_CODES)) {
    drawn_ranks[position] = Rank(found.best.logit, named);
  }
  return sum_of_partials(local_index, sum);
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

// The draw of a column, known to its lane 0. Uniform control flow only.
fn draw_truncated(local_index: u32, position: u32, start: u32, in_range: bool, key: vec4u) -> u32 {
  let lane = lane_of(local_index);
  // Lane 0 decides, and the others learn of it.
  let decides = in_range && lane == 0u;
  var pending = decides;
  var drawn = NO_CLASS;
  var kept_mass = 0.0;
  var quad: Quad;
  var found = NO_SHARE;
  var bound = NO_BOUND;
  var takes_part = in_range;
  // One loop for the first pass and those that check: the code of a pass is long, and instructions have to be fetched too.
  for (var is_first = true; ; is_first = false) {
    if (takes_part) {
      for (var group = lane; group < NUM_GROUPS; group += GROUPS_TOGETHER * LANES) {
        if (is_first || NUM_GROUPS > GROUPS_TOGETHER * LANES) {
          quad = read_quad(start, group);
        }
        found = with_quad(found, position, key, group, quad, Pass(1.0, bound));
      }
    }
    let mass = join_shares(local_index, position, takes_part, found);
    if (is_first) {
      kept_mass = step.truncation_rate * mass;
    } else {
      pending = pending && mass >= kept_mass;
    }
    if (decides) {
      if (pending) {
        let redrawn = drawn_ranks[position].class_index;
        pending = redrawn < NUM_CODES;
        drawn = select(drawn, redrawn, pending || is_first);
      }
      if (!pending) {
        drawn_ranks[position].class_index = NO_CLASS;
      }
      forget_best(position);
    }
    if (!some_pending(local_index, pending)) {
      break;
    }
    found = NO_SHARE;
    found.high = from_ordered(atomicLoad(&highs[position]));
    bound = drawn_ranks[position];
    takes_part = in_range && bound.class_index < NUM_CODES;
  }
  return drawn;
}
