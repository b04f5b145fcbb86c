override WIDTH: u32 = 64;
var<workgroup> SHARED: array<vec4f, 64>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) LANE: u32) {
  let GROUP = group.x;
BODY
}
