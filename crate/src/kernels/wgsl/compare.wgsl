// b0 = (||W - B||^2, ||W||^2, ||B||^2, entries of equal sign, entries) for W = b1, B = b2 (kernels/alignment).
// One workgroup: this is in no training step. SHARED as in softmax.wgsl.

let count = ROWS * COLS;
var sums = vec4f();
for (var i = LANE; i < count; i += WIDTH) {
  let w = b1[i];
  let b = b2[i];
  sums += vec4f((w - b) * (w - b), w * w, b * b, select(0.0, 1.0, sign(w) == sign(b)));
}
SHARED[LANE] = sums;
workgroupBarrier();
if (LANE == 0u) {
  for (var i = 1u; i < WIDTH; i++) { sums += SHARED[i]; }
  b0[0] = sums.x;
  b0[1] = sums.y;
  b0[2] = sums.z;
  b0[3] = sums.w;
  b0[4] = f32(count);
}
