// Adds up the parts of products, then does what follows. Parts lie one behind the other, each (products, ROWS, COLS4);
// behind them the parts of the column sums, (PARTS, ROWS4).

override WIDTH: u32 = 64;

@compute @workgroup_size(WIDTH)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WIDTH + lane;
  let size = ROWS * COLS4;
  if (i < size) {
    //# for p in products
    var z$p = vec4f();
    //# end
    for (var part = 0u; part < PARTS; part++) {
      //# for p in products
      z$p += PARTIAL[(part * COUNT + $pu) * size + i];
      //# end
    }
    //# if one
    finish(i / COLS4, i % COLS4, z0);
    //# end
    //# if two
    finish(i / COLS4, i % COLS4, z0, z1);
    //# end
  }
  //# if sums
  let col = i - size;
  if (i >= size && col < ROWS4) {
    var sum = vec4f();
    for (var part = 0u; part < PARTS; part++) { sum += PARTIAL[PARTS * COUNT * size + part * ROWS4 + col]; }
    finish_sums(col, sum);
  }
  //# end
}
