// Counter-based random numbers, the same integers as src/random.ts: Philox-4x32-10 (Salmon et al. 2011) makes one key
// per latent pixel and purpose, pcg4d (Jarzynski and Olano 2020) hashes it into the words of four classes at a time.

const PURPOSE_X0 = 0u;
const PURPOSE_ROUTE = 1u;
const PURPOSE_UNIFORM_CLASS = 2u;
const PURPOSE_SELECT = 3u;

// Where an item's random numbers come from: its seed, and its place among the items that share the seed.
struct ItemStream {
  seed: vec2u,
  item: u32,
}

// High 32 bits of a 32x32-bit product.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let middle = (a1 * b0) + ((a0 * b0) >> 16u);
  let middle2 = (a0 * b1) + (middle & 0xffffu);
  return (a1 * b1) + (middle >> 16u) + (middle2 >> 16u);
}

fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  var x = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    x = vec4u(
      multiply_high(0xcd9e8d57u, x.z) ^ x.y ^ k.x,
      0xcd9e8d57u * x.z,
      multiply_high(0xd2511f53u, x.x) ^ x.w ^ k.y,
      0xd2511f53u * x.x,
    );
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return x;
}

fn pcg4d(input: vec4u) -> vec4u {
  var v = (input * 1664525u) + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

// The 128-bit key of one latent pixel for one purpose in one drawing call.
fn pixel_key(stream: ItemStream, pixel: u32, counter: u32, purpose: u32) -> vec4u {
  return philox4x32(vec4u(pixel, counter, purpose, stream.item), stream.seed);
}

// A uniform 31-bit integer: route thresholds are multiples of 2^-31, so that probability 1 is representable.
fn route_draw(stream: ItemStream, pixel: u32, counter: u32) -> u32 {
  return pixel_key(stream, pixel, counter, PURPOSE_ROUTE).x >> 1u;
}

// A uniform class below num_codes.
fn uniform_class(stream: ItemStream, pixel: u32, counter: u32, num_codes: u32) -> u32 {
  return multiply_high(pixel_key(stream, pixel, counter, PURPOSE_UNIFORM_CLASS).x, num_codes);
}

// -log(1 - v) with v the middle of the word's interval; `fraction` resolves words below 2^24 further. Both halves are
// computed and one is taken: a branch here costs more than either.
fn exponential_of_word(word: u32, fraction: f32) -> f32 {
  let upper = -log((f32(~word >> 8u) + 0.5) * 0x1p-24);
  let coarse = (f32((word & 0x7fffffffu) >> 8u) + 0.5) * 0x1p-24;
  let fine = (f32(word & 0xffffffu) + fraction) * 0x1p-32;
  let lower = negative_log_one_minus(select(coarse, fine, word < 0x1000000u));
  return select(lower, upper, word >= 0x80000000u);
}

// Exponential variates of classes 4*group to 4*group + 3, resolved down to 2^-57.
fn exponentials(key: vec4u, group: u32) -> vec4f {
  let words = pcg4d(vec4u(key.x + group, key.yzw));
  var fractions = vec4f(0.5);
  if (any(words < vec4u(0x10000u))) {
    let tail = pcg4d(vec4u(key.x + group, ~key.y, key.zw));
    fractions = select(fractions, (vec4f(tail >> vec4u(8u)) + 0.5) * 0x1p-24, words < vec4u(0x10000u));
  }
  return vec4f(
    exponential_of_word(words.x, fractions.x),
    exponential_of_word(words.y, fractions.y),
    exponential_of_word(words.z, fractions.z),
    exponential_of_word(words.w, fractions.w),
  );
}
