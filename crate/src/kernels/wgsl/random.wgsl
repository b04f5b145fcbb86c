// Counter-based random numbers: the integers of base/rng.rs, bit for bit, and from them normal numbers.
//
// Philox4x32-10 at counter (element / 4, stream, step low, step high) under the run's key (kernels/noise).

/// High and low word of a * b: WGSL has no 64-bit product, so it is put together from 16-bit halves.
fn wide(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu; let ah = a >> 16u;
  let bl = b & 0xffffu; let bh = b >> 16u;
  let low = al * bl;
  let m = ah * bl + (low >> 16u);     // below 2^32
  let n = al * bh + (m & 0xffffu);    // below 2^32
  return vec2u(ah * bh + (m >> 16u) + (n >> 16u), a * b);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var i = 0; i < 10; i++) {
    let p = wide(0xD2511F53u, c.x);
    let q = wide(0xCD9E8D57u, c.z);
    c = vec4u(q.x ^ c.y ^ k.x, q.y, p.x ^ c.w ^ k.y, p.y);
    k += vec2u(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}

/// Four N(0, 1) numbers from four words, by Box-Muller: (r cos, r sin) twice.
fn box_muller(w: vec4u) -> vec4f {
  let u = vec2f((w.xz >> vec2u(8u)) + 1u) * (1.0 / 16777216.0);
  let v = vec2f(w.yw >> vec2u(8u)) * (1.0 / 16777216.0);
  let radius = sqrt(-2.0 * ln_(u.xyxy).xy);
  // sine and cosine of 2 pi v; the quarter turn q is taken off exactly
  let t = v * 4.0;
  let q = round(t);
  let r = (t - q) * 1.57079632679;
  let z = r * r;
  var s = vec2f(-1.9515295891e-4);
  s = s * z + 8.3321608736e-3;
  s = s * z - 1.6666654611e-1;
  s = s * z * r + r;
  var c = vec2f(2.443315711809948e-5);
  c = c * z - 1.388731625493765e-3;
  c = c * z + 4.166664568298827e-2;
  c = c * z * z - z * 0.5 + 1.0;
  let quarter = vec2u(q) & vec2u(3u);
  let odd = (quarter & vec2u(1u)) == vec2u(1u);
  let sine = select(s, c, odd) * select(vec2f(1.0), vec2f(-1.0), quarter >= vec2u(2u));
  let cosine = select(c, s, odd) * select(vec2f(1.0), vec2f(-1.0), (quarter == vec2u(1u)) | (quarter == vec2u(2u)));
  return vec4f(radius.x * cosine.x, radius.x * sine.x, radius.y * cosine.y, radius.y * sine.y);
}

/// N(0, 1) numbers `element` to `element + 3` of a stream in this step; `element` is even.
fn normal4(stream: u32, element: u32) -> vec4f {
  let here = box_muller(philox(vec4u(element / 4u, stream, STEP.step), STEP.key));
  if (element % 4u == 0u) { return here; }
  let next = box_muller(philox(vec4u(element / 4u + 1u, stream, STEP.step), STEP.key));
  switch element % 4u {
    case 1u: { return vec4f(here.yzw, next.x); }
    case 2u: { return vec4f(here.zw, next.xy); }
    default: { return vec4f(here.w, next.xyz); }
  }
}

/// Words `element` to `element + 3` of a stream in this step.
fn words4(stream: u32, element: u32) -> vec4u {
  let here = philox(vec4u(element / 4u, stream, STEP.step), STEP.key);
  if (element % 4u == 0u) { return here; }
  let next = philox(vec4u(element / 4u + 1u, stream, STEP.step), STEP.key);
  switch element % 4u {
    case 1u: { return vec4u(here.yzw, next.x); }
    case 2u: { return vec4u(here.zw, next.xy); }
    default: { return vec4u(here.w, next.xyz); }
  }
}

/// v / keep where the uniform number of an element is below keep, else 0; see kernels/dropout.
fn dropout4(v: vec4f, stream: u32, element: u32, keep: f32) -> vec4f {
  let uniform_ = vec4f(words4(stream, element) >> vec4u(8u)) * (1.0 / 16777216.0);
  return select(vec4f(), v / keep, uniform_ < vec4f(keep));
}
