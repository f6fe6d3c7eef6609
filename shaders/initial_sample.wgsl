// The start of a chain: the mask with its probability at the last timestep, else a uniform class.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"
//#include "lib/class_ranges.wgsl"
//#include "lib/each_element.wgsl"

struct InitialSample {
  num_tokens: u32,
  num_pixels: u32,
  counter: u32,
  mask_threshold: u32, // probability of the mask, in units of 2^-31
  streams: array<ItemStream>,
}

@group(0) @binding(0) var<storage, read> parameters: InitialSample;
@group(0) @binding(1) var<storage, read_write> x_t: array<u32>;
@group(0) @binding(2) var<storage, read> class_ranges: array<vec4u>; // CLASS_RANGES: first and last class, their number, its kind

fn element_at(token: u32) {
  if (token >= parameters.num_tokens) {
    return;
  }
  let stream = parameters.streams[token / parameters.num_pixels];
  let pixel = token % parameters.num_pixels;
  if (route_draw(stream, pixel, parameters.counter) < parameters.mask_threshold) {
    x_t[token] = NUM_CODES;
  } else {
    x_t[token] = uniform_class_of(stream, pixel, parameters.counter);
  }
}
