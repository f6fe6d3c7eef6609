// Log one-hot rows of tokens: 0 at the class, log(1e-30) elsewhere (docs/MATH.md#log-one-hot).
//#include "lib/rows.wgsl"
//#include "lib/each_element.wgsl"

@group(0) @binding(0) var<storage, read> parameters: Rows; // items: one for the batch, the floor
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read_write> log_onehot: array<f32>;
@group(0) @binding(3) var<storage, read_write> faults: array<atomic<u32>, 2>;

fn element_at(i: u32) {
  if (i >= parameters.size) {
    return;
  }
  let at = place(parameters.class_major != 0u, parameters.rows, parameters.num_pixels, i);
  let class_index = tokens[parameters.tokens_offset + at.token];
  if (at.k == 0u && class_index >= parameters.rows) {
    atomicAdd(&faults[1], 1u);
  }
  log_onehot[i] = select(parameters.items[0].x, 0.0, class_index == at.k);
}
