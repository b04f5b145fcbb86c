// `finish` computes and stores one group of four columns of a row. An invocation does STRIP of them in one row,
// LANES apart, so that neighbours touch neighbouring memory. Any number of workgroups, in two dimensions where there
// are more than one holds.

override WIDTH: u32 = 64;

@compute @workgroup_size(WIDTH)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WIDTH + lane;
  if (i >= ROWS * LANES) { return; }
  let row = i / LANES;
  //# if gathers
  SAMPLE = find_sample(row);
  //# end
  for (var col = i % LANES; col < COLS4; col += LANES) { finish(row, col); }
}
