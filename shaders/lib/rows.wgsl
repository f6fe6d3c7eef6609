// Parameters of kernels that write a tensor of rows, an invocation an element.
//#include "lib/layout.wgsl"

struct Rows {
  size: u32, // elements of the output
  num_pixels: u32,
  rows: u32, // of the output
  class_major: u32,
  tokens_offset: u32,
  input_offset: u32,
  items: array<vec4f>, // each kernel says what they hold
}
