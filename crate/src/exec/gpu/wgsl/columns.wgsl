// Column sums of a (DEPTH, ROWS) matrix, four columns an invocation, in ascending order; `finish` does what follows.

override WIDTH: u32 = 64;

@compute @workgroup_size(WIDTH)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= ROWS4) { return; }
  var sum = vec4f();
  for (var k = 0u; k < DEPTH; k++) { sum += matrix(k, id.x); }
  finish(0u, id.x, sum);
}
