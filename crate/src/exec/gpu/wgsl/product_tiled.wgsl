  // Operands by way of workgroup memory, for hardware: a tile of (4 RM4 WY) x DEEP of the left operand and of
  // DEEP x (4 RN4 WX) of the right one are loaded together, in the order in which they lie in memory, and laid down
  // with the inner index first, so that the inner loop is the same for every layout. LEFT$p and RIGHT$p are the
  // tiles: element (k, i) at k * (size + 1) + i; the 1 keeps transposed stores off the same memory bank.
  let lane = local.y * WX + local.x;
  let top = group.y * HIGH;
  let edge = group.x * WIDE;
  for (var begin = start; begin < stop; begin += DEEP) {
    // four neighbours in memory at a time; past the depth the left tile is zero
    //# for p in lefts
    //# if along
    for (var i = lane; i < HIGH * DEEP / 4u; i += WX * WY) {
      let m = i / (DEEP / 4u);
      let k = i % (DEEP / 4u);
      let inside = begin / 4u + k < DEPTH4;
      let v = select(vec4f(), left$p(min(top + m, ROWS - 1u), min(begin / 4u + k, DEPTH4 - 1u)), inside);
      //# for j in four
      LEFT$p[(4u * k + $ju) * (HIGH + 1u) + m] = v[$j];
      //# end
    }
    //# end
    //# if tn
    for (var i = lane; i < HIGH * DEEP / 4u; i += WX * WY) {
      let k = i / (HIGH / 4u);
      let m = i % (HIGH / 4u);
      let inside = begin + k < DEPTH;
      let v = select(vec4f(), left$p(min(begin + k, DEPTH - 1u), min(top / 4u + m, ROWS4 - 1u)), inside);
      //# for j in four
      LEFT$p[k * (HIGH + 1u) + 4u * m + $ju] = v[$j];
      //# end
    }
    //# end
    //# end
    //# for p in rights
    //# if nt
    for (var i = lane; i < WIDE * DEEP / 4u; i += WX * WY) {
      let n = i / (DEEP / 4u);
      let k = i % (DEEP / 4u);
      let v = right$p(min(edge + n, COLS - 1u), min(begin / 4u + k, DEPTH4 - 1u));
      //# for j in four
      RIGHT$p[(4u * k + $ju) * (WIDE + 1u) + n] = v[$j];
      //# end
    }
    //# end
    //# if across
    for (var i = lane; i < WIDE * DEEP / 4u; i += WX * WY) {
      let k = i / (WIDE / 4u);
      let n = i % (WIDE / 4u);
      let v = right$p(min(begin + k, DEPTH - 1u), min(edge / 4u + n, COLS4 - 1u));
      //# for j in four
      RIGHT$p[k * (WIDE + 1u) + 4u * n + $ju] = v[$j];
      //# end
    }
    //# end
    //# end
    workgroupBarrier();
    for (var k = 0u; k < DEEP; k++) {
      //# for p in lefts
      //# for q in rm4
      let x$p_$q = k * (HIGH + 1u) + 4u * (local.y * RM4 + $qu);
      let e$p_$q = vec4f(LEFT$p[x$p_$q], LEFT$p[x$p_$q + 1u], LEFT$p[x$p_$q + 2u], LEFT$p[x$p_$q + 3u]);
      //# end
      //# end
      //# for p in rights
      //# for c in rn4
      let y$p_$c = k * (WIDE + 1u) + 4u * (local.x * RN4 + $cu);
      let h$p_$c = vec4f(RIGHT$p[y$p_$c], RIGHT$p[y$p_$c + 1u], RIGHT$p[y$p_$c + 2u], RIGHT$p[y$p_$c + 3u]);
      //# end
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
    workgroupBarrier();
  }
