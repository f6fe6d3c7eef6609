// One reverse step x_t -> x_u. Decide first: most tokens' outcome does not depend on their logits, and those are settled
// at once. Read later: of the others, and of all whose x_0 is wanted, x_0 is drawn, and then the route that was chosen is
// taken. A workgroup does this for a tile of tokens at a time.
//#include "lib/draw.wgsl"
//#if TRUNCATED
//#include "lib/draw_truncated.wgsl"
//#endif

@group(0) @binding(0) var<storage, read> step: Step;
@group(0) @binding(1) var<storage, read> conditional: array<Vector>;
@group(0) @binding(2) var<storage, read> x_t: array<u32>;
@group(0) @binding(3) var<storage, read_write> x_prev: array<u32>;
@group(0) @binding(4) var<storage, read_write> faults: array<atomic<u32>, 2>;
//#if COUNTED
@group(0) @binding(5) var<storage, read_write> counts: array<atomic<u32>, 2>; // [1]: all tokens; the settled go off
//#else
@group(0) @binding(5) var<storage, read_write> x_0: array<u32>;
//#endif
//#if GUIDED
@group(0) @binding(6) var<storage, read> unconditional: array<Vector>;
//#endif
//#if KNOWN
@group(0) @binding(7) var<storage, read> known_mask: array<u32>; // not 0: the token is known, and set already
//#endif
//#if PURITY
@group(0) @binding(7) var<storage, read> exponents: array<f32>; // of the tokens to be revealed; 0: the token stays
//#endif

// A token whose logits are needed, with the random numbers that it takes.
struct Unsettled {
  token: u32,
  route_draw: u32,
  key: vec4u,
}
var<workgroup> unsettled: array<Unsettled, MAX_TILE>;
var<workgroup> num_listed: atomic<u32>;
var<workgroup> num_unsettled: u32;

// Settles a token, or lists it.
fn decide(token: u32) {
  let item = step.items[token / step.num_pixels];
  let pixel = token % step.num_pixels;
  let class_t = x_t[step.sample_offset + token];
  let is_masked = class_t >= NUM_CODES;
//#if KNOWN
  if (known_mask[step.known_mask_offset + token] != 0u) {
    return;
  }
//#endif
  let draw = route_draw(item.stream, pixel, step.counter);
//#if PURITY
  let is_settled = exponents[token] == 0.0;
  let settled = ROUTE_KEEP;
//#else
  let settled = settled_route(item, is_masked, draw);
  let is_settled = settled != ROUTE_READ && (step.flags & FLAG_WRITE_X_0) == 0u;
//#endif
  if (class_t > NUM_CODES || (is_masked && item.mask_possible == 0u)) {
    atomicAdd(&faults[1], 1u);
  }
  if (!is_settled) {
    let position = atomicAdd(&num_listed, 1u);
    unsettled[position] = Unsettled(token, draw, pixel_key(item.stream, pixel, step.counter, PURPOSE_X0));
    forget_best(position);
//#if TRUNCATED
    atomicStore(&highs[position], ordered(LOG_ZERO));
//#endif
    return;
  }
//#if COUNTED
  atomicSub(&counts[1], 1u);
//#endif
  var result = min(class_t, NUM_CODES);
  if (settled == ROUTE_UNIFORM) {
    result = uniform_class(item.stream, pixel, step.counter, NUM_CODES);
  }
  x_prev[step.prev_sample_offset + token] = result;
}

// Takes a listed token's route.
fn finish(token: u32, draw: u32, drawn: u32) {
  let item = step.items[token / step.num_pixels];
  let class_t = min(x_t[step.sample_offset + token], NUM_CODES);
  let is_masked = class_t == NUM_CODES;
  var class_0 = drawn;
//#if PURITY
  var taken = ROUTE_READ; // what was chosen is revealed
//#else
  var taken = route(item, is_masked, class_0 == class_t, draw);
//#endif
  if (class_0 >= NUM_CODES) {
    // Nothing can be drawn: counted, and a token that needs x_0 stays what it was.
//#if PURITY
//#else
    atomicAdd(&faults[0], 1u); // purity_top has counted it otherwise
//#endif
    class_0 = class_t;
    if (taken == ROUTE_READ || settled_route(item, is_masked, draw) != ROUTE_UNIFORM) {
      taken = ROUTE_KEEP;
    }
  }
  var result = class_0;
  if (taken == ROUTE_KEEP) {
    result = class_t;
  } else if (taken == ROUTE_UNIFORM) {
    result = uniform_class(item.stream, token % step.num_pixels, step.counter, NUM_CODES);
  }
  x_prev[step.prev_sample_offset + token] = result;
//#if COUNTED
//#else
  if ((step.flags & FLAG_WRITE_X_0) != 0u) {
    x_0[step.x_0_offset + token] = class_0;
  }
//#endif
}

// Draws x_0 of the listed tokens. Uniform control flow only.
fn read_listed(local_index: u32, count: u32) {
  let lane = lane_of(local_index);
  for (var first = 0u; first < count; first += WORKGROUP_SIZE / LANES) {
    let position = first + column_of(local_index);
    let in_range = position < count;
    var listed: Unsettled;
    if (in_range) {
      listed = unsettled[position];
    }
    let start = column_start(listed.token);
//#if TRUNCATED
    let drawn = draw_truncated(local_index, position, start, in_range, listed.key);
//#else
    var exponent = 1.0;
//#if PURITY
    exponent = exponents[listed.token];
//#endif
    let drawn = draw_column(position, start, lane, in_range, listed.key, exponent);
//#endif
    if (lane == 0u && in_range) {
      finish(listed.token, listed.route_draw, drawn);
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let first = (workgroup_id.x + (workgroup_id.y * num_workgroups.x)) * step.tile;
  let end = min(first + step.tile, step.num_tokens);
  for (var token = first + local_index; token < end; token += WORKGROUP_SIZE) {
    decide(token);
  }
  workgroupBarrier();
  if (local_index == 0u) {
    num_unsettled = atomicLoad(&num_listed);
  }
  read_listed(local_index, workgroupUniformLoad(&num_unsettled));
}
