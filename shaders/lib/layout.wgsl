// Positions of elements in a tensor [items, rows, pixels] (class-major) or [items, pixels, rows] (pixel-major).

struct Place {
  token: u32, // index over the whole batch
  k: u32, // row
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
