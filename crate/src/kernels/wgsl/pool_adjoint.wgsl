/// What arrives at the windows of which a pixel is the first maximum in order of scanning (kernels/pool).
fn NEAR(row: u32, col: u32) -> vec4f {
  let image = row / WIDTHu / HEIGHTu;
  let y = i32(row / WIDTHu % HEIGHTu);
  let x = i32(row % WIDTHu);
  let own = LOAD2(row, col);
  var sum = vec4f();
  // windows whose first row is at most y and whose last is at least y, and so for columns
  for (var v = max(y + TOP - SIZE + STRIDE, 0) / STRIDE; v <= min((y + TOP) / STRIDE, POOLED_HEIGHT - 1); v++) {
    for (var h = max(x + LEFT - SIZE + STRIDE, 0) / STRIDE; h <= min((x + LEFT) / STRIDE, POOLED_WIDTH - 1); h++) {
      let top = v * STRIDE - TOP;
      let left = h * STRIDE - LEFT;
      var first = vec4<bool>(true);
      for (var j = max(top, 0); j < min(top + SIZE, HEIGHT); j++) {
        for (var i = max(left, 0); i < min(left + SIZE, WIDTH); i++) {
          let other = LOAD2((image * HEIGHTu + u32(j)) * WIDTHu + u32(i), col);
          let before = vec4<bool>(j < y || (j == y && i < x));
          first &= (other < own) | ((other == own) & !before);
        }
      }
      let window = (image * POOLED_HEIGHTu + u32(v)) * POOLED_WIDTHu + u32(h);
      sum += select(vec4f(), LOAD1(window, col), first);
    }
  }
  return sum;
}
