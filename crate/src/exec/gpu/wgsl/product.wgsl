// Products of matrices, each invocation a block of 4 RM4 x 4 RN4 results, kept in registers.
//
// Layouts (plan/shader.rs): Z = X W^T, Z = E B, Z = E^T H. Z is (ROWS, COLS); DEPTH is the inner dimension.
// `left0`, `right0` (and `left1`, `right1` of a second product that shares an operand) load four neighbouring
// columns of an operand, with zeros past the end of a row, so that ragged depths add nothing. Rows past the end
// are clamped: their results are not stored. `finish` takes a row, a group of four columns and the results there
// and does everything elementwise that was fused with the product; `finish_sums` the same for column sums of E.
//
// Operands are read straight from storage buffers. Sums run in ascending order of the inner index.

override WX: u32 = 8;
override WY: u32 = 8;

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x * RN4;
  let row = id.y * RM4 * 4u;
  if (col >= COLS4 || row >= ROWS) { return; }
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

  //# if nt
  for (var k = 0u; k < DEPTH4; k++) {
    //# for p in products
    //# for q in rm4
    //# for j in four
    let x$p_$q_$j = left$p(min(row + 4u * $qu + $ju, ROWS - 1u), k);
    //# end
    //# end
    //# for c in rn4
    //# for j in four
    let w$p_$c_$j = right$p(min(4u * (col + $cu) + $ju, COLS - 1u), k);
    //# end
    //# end
    //# for q in rm4
    //# for j in four
    //# for c in rn4
    z$p_$q_$j_$c += vec4f(dot(x$p_$q_$j, w$p_$c_0), dot(x$p_$q_$j, w$p_$c_1), dot(x$p_$q_$j, w$p_$c_2), dot(x$p_$q_$j, w$p_$c_3));
    //# end
    //# end
    //# end
    //# end
  }
  //# end
  //# if nn
  for (var k = 0u; k < DEPTH4; k++) {
    //# for p in products
    //# for q in rm4
    //# for j in four
    let e$p_$q_$j = left$p(min(row + 4u * $qu + $ju, ROWS - 1u), k);
    //# end
    //# end
    //# for d in four
    {
      //# for c in rn4
      let b$c = right$p(min(4u * k + $du, DEPTH - 1u), min(col + $cu, COLS4 - 1u));
      //# end
      //# for q in rm4
      //# for j in four
      //# for c in rn4
      z$p_$q_$j_$c += e$p_$q_$j[$d] * b$c;
      //# end
      //# end
      //# end
    }
    //# end
    //# end
  }
  //# end
  //# if tn
  for (var k = 0u; k < DEPTH; k++) {
    //# for p in products
    //# for q in rm4
    let e$p_$q = left$p(k, min(row / 4u + $qu, ROWS4 - 1u));
    //# end
    //# for c in rn4
    let h$p_$c = right$p(k, min(col + $cu, COLS4 - 1u));
    //# end
    //# for q in rm4
    //# for j in four
    //# for c in rn4
    z$p_$q_$j_$c += e$p_$q[$j] * h$p_$c;
    //# end
    //# end
    //# end
    //# end
    //# if sums
    //# for q in rm4
    s$q += e0_$q;
    //# end
    //# end
  }
  //# if sums
  //# for q in rm4
  if (col == 0u && row / 4u + $qu < ROWS4) { finish_sums(row / 4u + $qu, s$q); }
  //# end
  //# end
  //# end

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
}
