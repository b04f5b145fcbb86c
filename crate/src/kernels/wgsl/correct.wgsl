// b0[GROUP] = 1 where the largest entries of row GROUP of b1 and b2 are in the same column, else 0; among
// equals the first counts (kernels/loss).

if (LANE == 0u) {
  let first = GROUP * COLS;
  var i = 0u;
  var k = 0u;
  for (var c = 1u; c < COLS; c++) {
    if (b1[first + c] > b1[first + i]) { i = c; }
    if (b2[first + c] > b2[first + k]) { k = c; }
  }
  b0[GROUP] = select(0.0, 1.0, i == k);
}
