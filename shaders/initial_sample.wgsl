// The fully noised law of the last timestep: the mask with its probability, else a uniform class.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"

override NUM_CODES: u32;

struct InitialSample {
  num_tokens: u32,
  num_pixels: u32,
  counter: u32,
  mask_threshold: u32, // probability of the mask, in units of 2^-31
  streams: array<ItemStream>,
}

@group(0) @binding(0) var<storage, read> parameters: InitialSample;
@group(0) @binding(1) var<storage, read_write> x_t: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
) {
  let token = id.x + (id.y * num_workgroups.x * 64u);
  if (token >= parameters.num_tokens) {
    return;
  }
  let stream = parameters.streams[token / parameters.num_pixels];
  let pixel = token % parameters.num_pixels;
  if (route_draw(stream, pixel, parameters.counter) < parameters.mask_threshold) {
    x_t[token] = NUM_CODES;
  } else {
    x_t[token] = uniform_class(stream, pixel, parameters.counter, NUM_CODES);
  }
}
