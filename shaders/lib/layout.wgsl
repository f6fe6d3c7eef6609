// Where an element of a [items, rows, pixels] or [items, pixels, rows] tensor lies, and the parameters of kernels that
// give each element its own invocation.

struct Rows {
  size: u32, // elements of the output
  num_pixels: u32,
  rows: u32, // of the output
  class_major: u32,
  tokens_offset: u32,
  input_offset: u32,
  items: array<vec4f>,
}

struct Place {
  token: u32, // counted through the batch
  k: u32,
}

// Row-major index of row k of a token.
fn element(class_major: bool, rows: u32, num_pixels: u32, token: u32, k: u32) -> u32 {
  if (class_major) {
    return ((((token / num_pixels) * rows) + k) * num_pixels) + (token % num_pixels);
  }
  return (token * rows) + k;
}

// The inverse of `element`.
fn place(class_major: bool, rows: u32, num_pixels: u32, i: u32) -> Place {
  if (class_major) {
    return Place(((i / (rows * num_pixels)) * num_pixels) + (i % num_pixels), (i / num_pixels) % rows);
  }
  return Place(i / rows, i % rows);
}
