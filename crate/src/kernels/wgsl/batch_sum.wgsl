// Every entry of b0 = the sum of all entries of b1 (kernels/batch_sum). One workgroup; SHARED as in softmax.wgsl.

let count = ROWS * COLS;
var total = 0.0;
for (var i = LANE; i < count; i += WIDTH) { total += b1[i]; }
SHARED[LANE] = vec4f(total, 0.0, 0.0, 0.0);
workgroupBarrier();
total = 0.0;
for (var i = 0u; i < WIDTH; i++) { total += SHARED[i].x; }
for (var i = LANE; i < count; i += WIDTH) { b0[i] = total; }
