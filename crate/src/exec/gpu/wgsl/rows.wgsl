// Sums along the rows of a grid, a workgroup a row. `visit` computes (and stores) what is elementwise and adds
// its terms to TERMS sums; the first invocation adds up what all have found, and `finish` stores it.

override WIDTH: u32 = 64;
var<workgroup> SHARED: array<array<f32, TERMS>, 64>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  //# if gathers
  SAMPLE = find_sample(row);
  //# end
  var sums: array<vec4f, TERMS>;
  for (var col = lane; col < COLS4; col += WIDTH) { visit(row, col, &sums); }
  for (var t = 0u; t < TERMS; t++) { SHARED[lane][t] = dot(sums[t], vec4f(1.0)); }
  workgroupBarrier();
  if (lane == 0u) {
    var total: array<f32, TERMS>;
    for (var i = 0u; i < min(WIDTH, COLS4); i++) {
      for (var t = 0u; t < TERMS; t++) { total[t] += SHARED[i][t]; }
    }
    finish(row, total);
  }
}
