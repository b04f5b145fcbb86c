// Elementary functions and activations, on four numbers.
//
// The same polynomials as kernels/math.rs (Cephes, single precision), so that both paths agree to a few units of
// the last place: WGSL leaves exp, log, sin and cos to the driver, with errors that differ between machines.
// A compiler may contract a * b + c, and is free to assume that no number is infinite or NaN; where that matters
// (has a layer diverged?) bits are tested as integers.

/// True where a number is infinite or NaN.
fn not_finite(x: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(x) & vec4u(0x7f800000u)) == vec4u(0x7f800000u);
}

/// e^x, within 2 ulp; saturates outside [-87.3, 88.3].
fn exp_(x_: vec4f) -> vec4f {
  let x = clamp(x_, vec4f(-87.3), vec4f(88.3));
  let n = round(x * 1.44269504);
  let r = x - n * 0.693359375 - n * -2.12194440e-4;
  var p = vec4f(1.9875691500e-4);
  p = p * r + 1.3981999507e-3;
  p = p * r + 8.3334519073e-3;
  p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1;
  p = p * r + 0.5;
  let y = p * (r * r) + r + 1.0;
  return y * bitcast<vec4f>(vec4u(vec4i(n) + 127) << vec4u(23u));
}

/// 1 / (1 + e^-x)
fn sigmoid_(x: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp_(-x));
}

/// tanh x: near 0 x + x^3 P(x^2), else 1 - 2 / (e^2|x| + 1) with the sign put back.
fn tanh_(x: vec4f) -> vec4f {
  let s = x * x;
  var p = vec4f(-5.70498872745e-3);
  p = p * s + 2.06390887954e-2;
  p = p * s - 5.37397155531e-2;
  p = p * s + 1.33314422036e-1;
  p = p * s - 3.33332819422e-1;
  let small = p * s * x + x;
  let large = 1.0 - 2.0 / (exp_(abs(x) + abs(x)) + 1.0);
  return select(select(large, -large, x < vec4f()), small, abs(x) < vec4f(0.625));
}

/// ln x for positive normal x.
fn ln_(x: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(x);
  // x = m 2^e with m in [0.5, 1), then m in [sqrt(1/2), sqrt(2))
  var e = vec4f(vec4i(bits >> vec4u(23u)) - 126);
  var m = bitcast<vec4f>((bits & vec4u(0x007fffffu)) | vec4u(0x3f000000u));
  let low = m < vec4f(0.70710678);
  e = select(e, e - 1.0, low);
  return ln_1p_near(select(m, m + m, low) - 1.0, e);
}

/// ln(1 + m) + e ln 2 for sqrt(1/2) <= 1 + m < sqrt(2).
fn ln_1p_near(m: vec4f, e: vec4f) -> vec4f {
  let s = m * m;
  var p = vec4f(7.0376836292e-2);
  p = p * m - 1.1514610310e-1;
  p = p * m + 1.1676998740e-1;
  p = p * m - 1.2420140846e-1;
  p = p * m + 1.4249322787e-1;
  p = p * m - 1.6668057665e-1;
  p = p * m + 2.0000714765e-1;
  p = p * m - 2.4999993993e-1;
  p = p * m + 3.3333331174e-1;
  let y = p * m * s + e * -2.12194440e-4 - s * 0.5;
  return m + y + e * 0.693359375;
}

/// act(z); what is not finite becomes NaN, so that a diverged layer is seen and not clipped away.
/// act: 0 identity, 1 sigmoid, 2 tanh, 3 relu, 4 softmax (whose own pass follows).
fn activate(z: vec4f, act: u32) -> vec4f {
  var h = z;
  switch act {
    case 1u: { h = sigmoid_(z); }
    case 2u: { h = tanh_(z); }
    case 3u: { h = max(z, vec4f()); }
    default: { return z; }
  }
  return select(h, bitcast<vec4f>(bitcast<vec4u>(z) | vec4u(0x7fc00000u)), not_finite(z));
}

/// act' by h = act(z); relu: 1 where h > 0.
fn slope(h: vec4f, act: u32) -> vec4f {
  switch act {
    case 1u: { return h * (1.0 - h); }
    case 2u: { return 1.0 - h * h; }
    case 3u: { return select(vec4f(), vec4f(1.0), h > vec4f()); }
    default: { return vec4f(1.0); }
  }
}

/// beta w + alpha z; with beta = 0, w is not looked at (it may hold anything).
fn scaled_sum(w: vec4f, z: vec4f, beta: f32, alpha: f32) -> vec4f {
  return select(beta * w, vec4f(), beta == 0.0) + alpha * z;
}

/// |m| o sign(w), sign(0) = 0.
fn sign_of(m: vec4f, w: vec4f) -> vec4f {
  return sign(w) * abs(m);
}

/// Moments and step of Adam; see kernels/adam.
fn adam_m(m: vec4f, g: vec4f) -> vec4f {
  return 0.9 * m + (1.0 - 0.9) * g;
}
fn adam_v(v: vec4f, g: vec4f) -> vec4f {
  return 0.999 * v + (1.0 - 0.999) * (g * g);
}
fn adam_w(w: vec4f, m: vec4f, v: vec4f, rate: f32, correction: f32) -> vec4f {
  return w - m * rate / (sqrt(v) * correction + 1e-8);
}

/// What sum + term rounds off; see kernels/running_sum.
fn rounded_off(sum: vec4f, term: vec4f) -> vec4f {
  let total = sum + term;
  let added = total - sum;
  return (sum - (total - added)) + (term - added);
}

/// Smallest probability whose logarithm is taken.
const TINY: f32 = 1.17549435e-38;

/// -y ln p, 0 where y = 0.
fn cross_entropy(p: vec4f, y: vec4f) -> vec4f {
  let loss = -y * ln_(max(p, vec4f(TINY)));
  return select(select(loss, p, not_finite(p)), vec4f(), y == vec4f());
}

/// -y ln(noisy / p) without cancellation, 0 where y = 0.
fn cross_entropy_difference(noisy_: vec4f, p_: vec4f, y: vec4f) -> vec4f {
  let noisy = max(noisy_, vec4f(TINY));
  let p = max(p_, vec4f(TINY));
  let change = (noisy - p) / p;
  // near 1 the sum 1 + change would lose the small change; far from it nothing cancels
  let near = ln_1p_near(clamp(change, vec4f(-0.25), vec4f(0.25)), vec4f());
  let change_of_log = select(near, ln_(noisy / p), abs(change) > vec4f(0.25));
  let loss = -y * change_of_log;
  let broken = not_finite(noisy_) | not_finite(p_);
  return select(select(loss, noisy_ + p_, broken), vec4f(), y == vec4f());
}

/// arccos x for |x| <= 1, absolute error below 1e-6 (Cephes' arcsine; drivers' own may be off by 1e-3).
fn acos_(x: f32) -> f32 {
  let small = abs(x) <= 0.5;
  let s = select(sqrt(0.5 * (1.0 - abs(x))), x, small);
  let z = s * s;
  var p = 4.2163199048e-2;
  p = p * z + 2.4181311049e-2;
  p = p * z + 4.5470025998e-2;
  p = p * z + 7.4953002686e-2;
  p = p * z + 1.6666752422e-1;
  let asin = p * z * s + s;
  let outer = select(2.0 * asin, 3.14159265359 - 2.0 * asin, x < 0.0);
  return select(outer, 1.57079632679 - asin, small);
}

/// Angle in degrees from (a.b, a.a, b.b); NaN where a or b is zero. Equal vectors give 0 exactly.
fn angle_of(sums: vec4f) -> f32 {
  let cosine = clamp(sums.x / sums.y * sqrt(sums.y / sums.z), -1.0, 1.0);
  let degrees = acos_(cosine) * 57.29577951;
  let none = !(sums.y > 0.0) || !(sums.z > 0.0) || any(not_finite(sums));
  return select(degrees, bitcast<f32>(bitcast<u32>(degrees) | 0x7fc00000u), none);
}
