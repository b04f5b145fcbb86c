// One group of four columns an invocation: `finish` computes and stores. Any number of workgroups, in two
// dimensions where there are more than one holds.

override WIDTH: u32 = 64;

@compute @workgroup_size(WIDTH)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * WIDTH + lane;
  if (i < ROWS * COLS4) { finish(i / COLS4, i % COLS4); }
}
