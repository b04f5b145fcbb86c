// Reads a batch from the data set, which lies in two buffers as bytes (four a word).

@group(2) @binding(0) var<storage, read> IMAGES: array<u32>;
@group(2) @binding(1) var<storage, read> LABELS: array<u32>;

/// The 32-bit finaliser of MurmurHash3.
fn mix(x_: u32) -> u32 {
  var x = x_;
  x ^= x >> 16u;
  x *= 0x85EBCA6Bu;
  x ^= x >> 13u;
  x *= 0xC2B2AE35u;
  return x ^ (x >> 16u);
}

fn feistel(h: vec2u, key: u32, mask: u32) -> vec2u {
  return vec2u(h.y, h.x ^ (mix(h.y ^ key) & mask));
}

/// The sample in the row that an invocation is in, found once a row: finding it costs more than reading its pixels.
var<private> SAMPLE: u32;

/// The data set's sample in row `row` of the batch: in file order from STEP.first on, or in the shuffled order of
/// base/rng.rs (Permutation): a Feistel network walked until it lands below STEP.count.
fn find_sample(row: u32) -> u32 {
  if (STEP.shuffled == 0u) { return min(STEP.first + row, STEP.count - 1u); }
  let passes = (STEP.first + row) / STEP.count;
  let low = STEP.epoch.x + passes;
  let epoch = vec2u(low, STEP.epoch.y + select(0u, 1u, low < passes));
  let a = philox(vec4u(0u, 1u << 16u, epoch), STEP.key);
  let b = philox(vec4u(1u, 1u << 16u, epoch), STEP.key);
  let bits = STEP.half_bits;
  let mask = (1u << bits) - 1u;
  var value = (STEP.first + row) % STEP.count;
  loop {
    // eight rounds, one key each
    var h = vec2u(value >> bits, value & mask);
    h = feistel(feistel(feistel(feistel(h, a.x, mask), a.y, mask), a.z, mask), a.w, mask);
    h = feistel(feistel(feistel(feistel(h, b.x, mask), b.y, mask), b.z, mask), b.w, mask);
    value = (h.x << bits) | h.y;
    if (value < STEP.count) { break; }
  }
  return value;
}

fn image_byte(at: u32) -> f32 {
  return f32((IMAGES[at / 4u] >> (8u * (at % 4u))) & 0xffu);
}

/// Four pixels of SAMPLE, as numbers in [0, 1].
fn pixels(col4: u32, cols: u32) -> vec4f {
  let at = SAMPLE * cols + 4u * col4;
  if (cols % 4u == 0u) {
    let word = vec4u(IMAGES[at / 4u]) >> vec4u(0u, 8u, 16u, 24u);
    return vec4f(word & vec4u(0xffu)) / 255.0;
  }
  return vec4f(image_byte(at), image_byte(at + 1u), image_byte(at + 2u), image_byte(at + 3u)) / 255.0;
}

/// Four entries of the one-hot label of SAMPLE.
fn one_hot(col4: u32) -> vec4f {
  let label = (LABELS[SAMPLE / 4u] >> (8u * (SAMPLE % 4u))) & 0xffu;
  return select(vec4f(), vec4f(1.0), vec4u(4u * col4) + vec4u(0u, 1u, 2u, 3u) == vec4u(label));
}
