// Counter-based random numbers, the same integers as src/cpu/random.ts (docs/MATH.md#random-numbers). Philox-4x32-10
// (Salmon et al. 2011) gives one key per latent pixel and purpose; pcg4d (Jarzynski and Olano 2020) hashes the key into
// the words of four classes at a time.

const PURPOSE_X0 = 0u;
const PURPOSE_ROUTE = 1u;
const PURPOSE_UNIFORM_CLASS = 2u;
const PURPOSE_SELECTION = 3u;

// The random stream of a batch item: its seed, and its index among the items that share the seed.
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

// -log(1 - v) with v = (word + fraction) / 2^32; `offsets` are fraction / 2^32. The polynomial, within 3e-9 for v up to
// 1/4, works on v, the logarithm on 1 - v, so both tails keep their relative accuracy. Both are computed and one is
// selected: a branch costs more than either.
fn exponentials_of_words(words: vec4u, offsets: vec4f) -> vec4f {
  let is_large = words >= vec4u(0x40000000u);
  let x = (vec4f(select(words, ~words, is_large)) * 0x1p-32) + offsets;
  var series = vec4f(0.332574926);
  series = (series * x) + 0.0905156165;
  series = (series * x) + 0.213974382;
  series = (series * x) + 0.248725944;
  series = (series * x) + 0.333387681;
  series = (series * x) + 0.499999141;
  series = (series * x) + 1.0;
  return select(series * x, -log(x), is_large);
}

// Offsets for exponentials_of_words: the middle of the word's interval or, for a small word, 24 more random bits.
fn offsets_within(words: vec4u, more: vec4u) -> vec4f {
  let places = (vec4f(more >> vec4u(8u)) + 0.5) * 0x1p-56;
  return select(vec4f(0x1p-33), places, words < vec4u(0x10000u));
}

// The random words of classes 4*group to 4*group + 3.
fn class_words(key: vec4u, group: u32) -> vec4u {
  return pcg4d(vec4u(key.x + group, key.yzw));
}

// The exponential variates of these words, resolved down to 2^-57.
fn exponentials(key: vec4u, group: u32, words: vec4u) -> vec4f {
  var offsets = vec4f(0x1p-33);
  if (any(words < vec4u(0x10000u))) {
    offsets = offsets_within(words, pcg4d(vec4u(key.x + group, ~key.y, key.zw)));
  }
  return exponentials_of_words(words, offsets);
}
