// What the adapter's multiply-adds can do at most: independent chains of them in registers, nothing else. The
// factors come from memory and the sum may go there, so that no compiler finds out that it is not needed.

@group(0) @binding(0) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = vec4f(0.999 + out[0].x);
  let c = vec4f(0.001 + out[0].y);
  //# for i in chains
  var a$i = vec4f(f32(id.x) + $i.0);
  //# end
  for (var round = 0u; round < ROUNDS; round++) {
    //# for i in chains
    a$i = fma(a$i, m, c);
    //# end
  }
  var total = vec4f();
  //# for i in chains
  total += a$i;
  //# end
  if (total.x == 12345.0) { out[1] = total; }
}
