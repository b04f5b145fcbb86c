// Products of matrices, each invocation a block of 4 RM4 x 4 RN4 results, kept in registers.
//
// Layouts (plan/shader.rs): Z = X W^T, Z = E B, Z = E^T H. Z is (ROWS, COLS); DEPTH is the inner dimension.
// `left0`, `right0` (and `left1`, `right1` of a second product, which shares one of them) load four neighbouring
// columns of an operand, with zeros past the end of a row, so that ragged depths add nothing. Rows and columns past
// the end are clamped: their results are not stored. `finish` takes a row, a group of four columns and the results
// there and does everything elementwise that was fused with the product; `finish_sums` the same for column sums of
// E. How operands get into registers, and the loop over the inner index, is in product_direct or product_tiled.
// With quads, a workgroup is four invocations on the same rows, and each loads a quarter of the left operand for all.
// Bindings are declared by exec/gpu/assemble.rs. Workgroups are WX x WY invocations. Sums run in ascending order,
// or in that order within each of several parts of the depth, one for each group.z, which parts.wgsl adds up.

@compute @workgroup_size(WX, WY)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  //# if quads
  @builtin(subgroup_invocation_id) lane: u32,
  //# end
) {
  //# if alone
  let col = (group.x * WX + local.x) * RN4;
  //# end
  //# if quads
  // whatever the order in which the four lie in their quad, lane and column then agree
  let col = (group.x * WX + lane % 4u) * RN4;
  //# end
  let row = (group.y * WY + local.y) * RM4 * 4u;
  //# if entire
  let start = 0u;
  let stop = DEPTH;
  //# end
  //# if split
  // for the epilogue; the loop goes by the builtin, which is known to be the same for a whole workgroup
  PART = group.z;
  let start = group.z * SPAN;
  let stop = min(start + SPAN, DEPTH);
  //# end
  //# for p in products
  //# for q in rm4
  //# for j in four
  //# for c in rn4
  var z$p_$q_$j_$c = vec4f();
  //# end
  //# end
  //# end
  //# end
  //# if sums
  //# for q in rm4
  var s$q = vec4f();
  //# end
  //# end
LOOP
  //# if sums
  //# for q in rm4
  if (col == 0u && row / 4u + $qu < ROWS4) { finish_sums(row / 4u + $qu, s$q); }
  //# end
  //# end
  //# if unrolled
  //# for q in rm4
  //# for j in four
  //# for c in rn4
  {
    let r = row + 4u * $qu + $ju;
    let c = col + $cu;
    if (r < ROWS && c < COLS4) {
      //# if one
      finish(r, c, z0_$q_$j_$c);
      //# end
      //# if two
      finish(r, c, z0_$q_$j_$c, z1_$q_$j_$c);
      //# end
    }
  }
  //# end
  //# end
  //# end
  //# end
  //# if looped
  // so that `finish`, which is long, is compiled once
  //# for p in products
  var z$p: array<vec4f, BLOCK>;
  //# for q in rm4
  //# for j in four
  //# for c in rn4
  z$p[($qu * 4u + $ju) * RN4 + $cu] = z$p_$q_$j_$c;
  //# end
  //# end
  //# end
  //# end
  for (var i = 0u; i < BLOCK; i++) {
    let r = row + i / RN4;
    let c = col + i % RN4;
    if (r < ROWS && c < COLS4) {
      //# if one
      finish(r, c, z0[i]);
      //# end
      //# if two
      finish(r, c, z0[i], z1[i]);
      //# end
    }
  }
  //# end
}
