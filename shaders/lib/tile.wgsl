// Decide first, read later (docs/MATH.md#decide-first): a workgroup takes a tile of tokens. It settles those whose
// result does not depend on their logits, lists the others, draws x_0 of the listed ones, and finishes them.
//
// Kernels that include this define
// - decide(token): writes the result of the token, or lists it by list_token;
// - exponent_of(token): x_0 is drawn from p^exponent;
// - finish(token, route_draw, drawn): writes the result of a listed token. `drawn` is no class if nothing can be drawn.
//#include "lib/draw_truncated.wgsl"

struct ListedToken {
  token: u32,
  route_draw: u32,
  key: vec4u,
}
var<workgroup> listed_tokens: array<ListedToken, MAX_TILE>;
var<workgroup> listed_count: atomic<u32>;
var<workgroup> num_listed: u32;

// Lists a token whose x_0 has to be drawn.
fn list_token(token: u32, route_draw: u32, stream: ItemStream) {
  let position = atomicAdd(&listed_count, 1u);
  let key = pixel_key(stream, token % step.num_pixels, step.counter, PURPOSE_X0);
  listed_tokens[position] = ListedToken(token, route_draw, key);
  reset_best(position);
//#if TRUNCATED
  atomicStore(&highs[position], ordered(LOG_ZERO));
//#endif
}

// Draws x_0 of the listed tokens and finishes them. Uniform control flow only.
fn draw_listed(local_index: u32, count: u32) {
  let lane = lane_of(local_index);
  for (var first = 0u; first < count; first += WORKGROUP_SIZE / LANES) {
    let position = first + column_of(local_index);
    let in_range = position < count;
    var listed: ListedToken;
    if (in_range) {
      listed = listed_tokens[position];
    }
    let start = column_start(listed.token);
    begin_column(listed.token);
//#if TRUNCATED
    let drawn = draw_truncated(local_index, position, start, in_range, listed.key);
//#else
    let drawn = draw_column(position, start, lane, in_range, listed.key, exponent_of(listed.token));
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
    num_listed = atomicLoad(&listed_count);
  }
  draw_listed(local_index, workgroupUniformLoad(&num_listed));
}
