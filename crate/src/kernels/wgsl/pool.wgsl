/// Largest of a window (kernels/pool); NaN where it holds something that is not finite.
fn NEAR(row: u32, col: u32) -> vec4f {
  let image = row / POOLED_WIDTHu / POOLED_HEIGHTu;
  let top = i32(row / POOLED_WIDTHu % POOLED_HEIGHTu * STRIDEu) - TOP;
  let left = i32(row % POOLED_WIDTHu * STRIDEu) - LEFT;
  var best = vec4f(-3.4e38);
  var broken = vec4<bool>();
  for (var y = max(top, 0); y < min(top + SIZE, HEIGHT); y++) {
    for (var x = max(left, 0); x < min(left + SIZE, WIDTH); x++) {
      let v = LOAD1((image * HEIGHTu + u32(y)) * WIDTHu + u32(x), col);
      broken |= not_finite(v);
      best = max(best, v);
    }
  }
  return select(best, bitcast<vec4f>(bitcast<vec4u>(best) | vec4u(0x7fc00000u)), broken);
}
