// The range of classes of each latent pixel (docs/MATH.md#class-ranges). Without CLASS_RANGES a pixel may be any class.
// Kernels that include this bind `class_ranges` under CLASS_RANGES.
//#include "lib/numerics.wgsl"
//#include "lib/random.wgsl"

//#if CLASS_RANGES
struct ClassRange {
  first: u32,
  last: u32,
  size: u32,
  kind: u32, // which of the numbers of classes that there are
}

fn class_range(pixel: u32) -> ClassRange {
  let range = class_ranges[pixel];
  return ClassRange(range.x, range.y, range.z, range.w);
}
//#endif

// Whether an ordinary class is none that the pixel may have.
fn is_outside(pixel: u32, class_index: u32) -> bool {
//#if CLASS_RANGES
  let range = class_range(pixel);
  return class_index < NUM_CODES && (class_index < range.first || class_index > range.last);
//#else
  return false;
//#endif
}

// A uniform class of those that the pixel may have.
fn uniform_class_of(stream: ItemStream, pixel: u32, counter: u32) -> u32 {
//#if CLASS_RANGES
  let range = class_range(pixel);
  return range.first + uniform_class(stream, pixel, counter, range.size);
//#else
  return uniform_class(stream, pixel, counter, NUM_CODES);
//#endif
}
