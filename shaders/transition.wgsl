// log q(x_t | previous = k) of a known x_t: K rows cumulated from clean data, or C rows of one step
// (docs/MATH.md#transition-rows).
//#include "lib/numerics.wgsl"
//#include "lib/rows.wgsl"
//#include "lib/each_element.wgsl"

// items: log probability of x_t from its own class, from another class, and from any class if x_t is the mask; then
// the row of the mask for an ordinary x_t.
@group(0) @binding(0) var<storage, read> parameters: Rows;
@group(0) @binding(1) var<storage, read> x_t: array<u32>;
@group(0) @binding(2) var<storage, read_write> log_q: array<u32>;

fn element_at(i: u32) {
  if (i >= parameters.size) {
    return;
  }
  let at = place(parameters.class_major != 0u, parameters.rows, parameters.num_pixels, i);
  let item = parameters.items[at.token / parameters.num_pixels];
  let class_t = x_t[parameters.tokens_offset + at.token];
  var value = select(item.y, item.x, at.k == class_t);
  if (class_t >= NUM_CODES) {
    value = select(item.z, 0.0, at.k == NUM_CODES);
  } else if (at.k == NUM_CODES) {
    value = item.w;
  }
  log_q[i] = finite_or_log_zero(value);
}
