// Chooses the masked tokens to reveal, without replacement, weighted by their purity (Gumbel top-k;
// docs/MATH.md#purity), and writes the exponents that sharpen their predictions. One workgroup for each item.
//#include "lib/lanes.wgsl"
//#include "./parameters.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Purity;
@group(0) @binding(1) var<storage, read> x_t: array<u32>;
@group(0) @binding(2) var<storage, read> top_probability: array<f32>;
@group(0) @binding(3) var<storage, read_write> x_prev: array<u32>; // holds the keys while choosing
@group(0) @binding(4) var<storage, read_write> exponents: array<f32>; // 0: the token stays
@group(0) @binding(5) var<storage, read_write> selection_weight: array<f32>;

var<workgroup> counted: atomic<u32>;

// The sum over the workgroup, known to all invocations: in integers, which are exact for any number of tokens. Uniform
// control flow only.
fn total_of(local_index: u32, count: u32) -> u32 {
  if (local_index == 0u) {
    atomicStore(&counted, 0u);
  }
  workgroupBarrier();
  atomicAdd(&counted, count);
  workgroupBarrier();
  let total = atomicLoad(&counted);
  workgroupBarrier();
  return total;
}

fn count_above(local_index: u32, first: u32, key: u32) -> u32 {
  var count = 0u;
  for (var n = local_index; n < parameters.num_pixels; n += WORKGROUP_SIZE) {
    count += u32(x_prev[parameters.prev_sample_offset + first + n] > key);
  }
  return total_of(local_index, count);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let num_items = parameters.num_tokens / parameters.num_pixels;
  for (var item_index = workgroup_id.x; item_index < num_items; item_index += num_workgroups.x) {
    let item = parameters.items[item_index];
    let first = item_index * parameters.num_pixels;

    var highest = 0.0;
    var masked = 0u;
    for (var n = local_index; n < parameters.num_pixels; n += WORKGROUP_SIZE) {
      highest = max(highest, top_probability[first + n]);
      masked += u32(x_t[parameters.sample_offset + first + n] >= NUM_CODES);
    }
    highest = from_ordered(column_max(local_index, ordered(highest)));
    let num_masked = total_of(local_index, masked);
    let revealed = parameters.num_pixels - num_masked;
    var wanted = min(max(item.revealed_after, revealed) - revealed, num_masked);
    if (wanted > parameters.tokens_per_call + 1u) {
      wanted = parameters.tokens_per_call;
    }

    for (var n = local_index; n < parameters.num_pixels; n += WORKGROUP_SIZE) {
      let purity = top_probability[first + n] / (highest + 1e-10);
      let is_masked = x_t[parameters.sample_offset + first + n] >= NUM_CODES;
      let weight = select(1.0, purity, parameters.by_purity != 0u);
      selection_weight[first + n] = select(0.0, weight, is_masked);
      var key = 0u;
      if (is_masked && weight > 0.0) {
        let word = pixel_key(item.stream, n, parameters.counter, PURPOSE_SELECTION);
        key = ordered(log(weight) - log(exponentials_of_words(word.xxxx, offsets_within(word.xxxx, word.yyyy)).x));
      }
      x_prev[parameters.prev_sample_offset + first + n] = key;
    }
    storageBarrier();

    // The lowest key with fewer than `wanted` keys above it, bit by bit.
    var cut = 0xffffffffu;
    for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
      let lower = cut & ~bit;
      if (count_above(local_index, first, lower) < wanted) {
        cut = lower;
      }
    }
    let above = count_above(local_index, first, cut);

    for (var n = local_index; n < parameters.num_pixels; n += WORKGROUP_SIZE) {
      let key = x_prev[parameters.prev_sample_offset + first + n];
      var is_chosen = wanted > 0u && key > cut;
      if (wanted > 0u && key == cut && key > 0u) {
        // Equal keys are taken in the order of their pixels.
        var before = above;
        for (var i = 0u; i < n; i++) {
          before += u32(x_prev[parameters.prev_sample_offset + first + i] == cut);
        }
        is_chosen = before < wanted;
      }
      let purity = top_probability[first + n] / (highest + 1e-10);
      exponents[first + n] = select(0.0, 1.0 + (parameters.prior_weight * purity), is_chosen);
    }
  }
}
