// Softmax of row GROUP of b0, in place, with the largest entry taken off first (kernels/dense).
// SHARED holds one number an invocation.

let first = GROUP * COLS;
var top = -3.4e38;
var broken = 0.0;
for (var i = LANE; i < COLS; i += WIDTH) {
  top = max(top, b0[first + i]);
  if ((bitcast<u32>(b0[first + i]) & 0x7f800000u) == 0x7f800000u) { broken = 1.0; }
}
// a workgroup has few invocations: each adds up (or compares) the numbers of all
SHARED[LANE] = vec4f(top, broken, 0.0, 0.0);
workgroupBarrier();
for (var i = 0u; i < WIDTH; i++) {
  top = max(top, SHARED[i].x);
  broken = max(broken, SHARED[i].y);
}
workgroupBarrier();
var total = 0.0;
for (var i = LANE; i < COLS; i += WIDTH) {
  let p = exp_(vec4f(b0[first + i] - top)).x;
  b0[first + i] = p;
  total += p;
}
SHARED[LANE] = vec4f(total, 0.0, 0.0, 0.0);
workgroupBarrier();
total = 0.0;
for (var i = 0u; i < WIDTH; i++) { total += SHARED[i].x; }
for (var i = LANE; i < COLS; i += WIDTH) {
  let p = b0[first + i] / total;
  b0[first + i] = select(p, bitcast<f32>(bitcast<u32>(p) | 0x7fc00000u), broken > 0.0);
}
