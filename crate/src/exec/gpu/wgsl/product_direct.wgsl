  // Operands straight from storage buffers: for adapters on which workgroup memory is not faster and a barrier is
  // dear, which are those that run shaders on a processor.
  //# if along
  //# if near_left
  //# for q in rm4
  //# for j in four
  let o$q_$j = place(min(row + 4u * $qu + $ju, ROWS - 1u));
  //# end
  //# end
  //# end
  //# end
  //# if nt
  for (var k = 0u; k < DEPTH4; k++) {
    //# if near_left
    let here = spot(k);
    //# end
    //# if quads
    //# for p in lefts
    //# for q in rm4
    let m$p_$q = left$p(min(row + 4u * $qu + lane % 4u, ROWS - 1u), k);
    //# end
    //# end
    //# end
    //# for p in lefts
    //# for q in rm4
    //# for j in four
    //# if quads
    let x$p_$q_$j = quadBroadcast(m$p_$q, $ju);
    //# end
    //# if alone
    //# if plain_left
    let x$p_$q_$j = left$p(min(row + 4u * $qu + $ju, ROWS - 1u), k);
    //# end
    //# if near_left
    let x$p_$q_$j = near_left$p(o$q_$j, here);
    //# end
    //# end
    //# end
    //# end
    //# end
    //# for p in rights
    //# for c in rn4
    //# for j in four
    let w$p_$c_$j = right$p(min(4u * (col + $cu) + $ju, COLS - 1u), k);
    //# end
    //# end
    //# end
    //# if shared_right
    //# for c in rn4
    //# for j in four
    let w1_$c_$j = w0_$c_$j;
    //# end
    //# end
    //# end
    //# if shared_left
    //# for q in rm4
    //# for j in four
    let x1_$q_$j = x0_$q_$j;
    //# end
    //# end
    //# end
    //# for p in products
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
    //# if near_left
    let here = spot(k);
    //# end
    //# if quads
    //# for p in lefts
    //# for q in rm4
    let m$p_$q = left$p(min(row + 4u * $qu + lane % 4u, ROWS - 1u), k);
    //# end
    //# end
    //# end
    //# for p in lefts
    //# for q in rm4
    //# for j in four
    //# if quads
    let e$p_$q_$j = quadBroadcast(m$p_$q, $ju);
    //# end
    //# if alone
    //# if plain_left
    let e$p_$q_$j = left$p(min(row + 4u * $qu + $ju, ROWS - 1u), k);
    //# end
    //# if near_left
    let e$p_$q_$j = near_left$p(o$q_$j, here);
    //# end
    //# end
    //# end
    //# end
    //# end
    //# if shared_left
    //# for q in rm4
    //# for j in four
    let e1_$q_$j = e0_$q_$j;
    //# end
    //# end
    //# end
    //# for d in four
    {
      //# for p in rights
      //# for c in rn4
      let b$p_$c = right$p(min(4u * k + $du, DEPTH - 1u), min(col + $cu, COLS4 - 1u));
      //# end
      //# end
      //# if shared_right
      //# for c in rn4
      let b1_$c = b0_$c;
      //# end
      //# end
      //# for p in products
      //# for q in rm4
      //# for j in four
      //# for c in rn4
      z$p_$q_$j_$c = fma(vec4f(e$p_$q_$j[$d]), b$p_$c, z$p_$q_$j_$c);
      //# end
      //# end
      //# end
      //# end
    }
    //# end
  }
  //# end
  //# if tn
  //# if near_right
  //# for c in rn4
  let o$c = spot(min(col + $cu, COLS4 - 1u));
  //# end
  var here = place(start);
  //# end
  // with quads, four inner indices at a time, one an invocation; past the end zeros
  for (var begin = start; begin < stop; begin += RUN) {
    //# if quads
    let own = begin + lane % 4u;
    //# for p in lefts
    //# for q in rm4
    let m$p_$q = select(vec4f(), left$p(min(own, stop - 1u), min(row / 4u + $qu, ROWS4 - 1u)), own < stop);
    //# end
    //# end
    //# end
    //# for d in run
    {
    //# if quads
    let k = min(begin + $du, stop - 1u);
    //# end
    //# if alone
    let k = begin;
    //# end
    //# for p in lefts
    //# for q in rm4
    //# if quads
    let e$p_$q = quadBroadcast(m$p_$q, $du);
    //# end
    //# if alone
    let e$p_$q = left$p(k, min(row / 4u + $qu, ROWS4 - 1u));
    //# end
    //# end
    //# end
    //# for p in rights
    //# for c in rn4
    //# if plain_right
    let h$p_$c = right$p(k, min(col + $cu, COLS4 - 1u));
    //# end
    //# if near_right
    let h$p_$c = near_right$p(here, o$c);
    //# end
    //# end
    //# end
    //# if near_right
    here = next(here);
    //# end
    //# if shared_left
    //# for q in rm4
    let e1_$q = e0_$q;
    //# end
    //# end
    //# if shared_right
    //# for c in rn4
    let h1_$c = h0_$c;
    //# end
    //# end
    //# for p in products
    //# for q in rm4
    //# for j in four
    //# for c in rn4
    z$p_$q_$j_$c = fma(vec4f(e$p_$q[$j]), h$p_$c, z$p_$q_$j_$c);
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
    //# end
  }
  //# end
