//# if first
// A pixel's neighbours: `place` is a pixel's row, its column, and the index of its first channel; `spot` the same of
// a group of four columns of the matrix, relative to the pixel. Numbers below zero wrap around: they are outside.
fn place(pixel: u32) -> vec3u {
  return vec3u(pixel / BREADTH % HEIGHT, pixel % BREADTH, pixel * CHANNELS);
}
/// The place of the next pixel: cheaper than to divide again.
fn next(at: vec3u) -> vec3u {
  let last = at.y + 1u == BREADTH;
  let y = at.x + select(0u, 1u, last);
  return vec3u(select(y, 0u, y == HEIGHT), select(at.y + 1u, 0u, last), at.z + CHANNELS);
}
//# if fours
alias Spot = vec3u;
fn spot(col: u32) -> Spot {
  let tap = col / CHANNELS;
  let by = vec2u(tap / SIDE, tap % SIDE) - PAD;
  return vec3u(by, (by.x * BREADTH + by.y) * CHANNELS + col % CHANNELS);
}
//# end
//# if single
struct Spot { y: vec4u, x: vec4u, at: vec4u }
fn spot(col: u32) -> Spot {
  let column = vec4u(4u * col) + vec4u(0u, 1u, 2u, 3u);
  let tap = column / CHANNELS;
  // past the last column: below every image
  let y = select(tap / SIDE - PAD, vec4u(HEIGHT), tap >= vec4u(TAPS));
  let x = tap % SIDE - PAD;
  return Spot(y, x, (y * BREADTH + x) * CHANNELS + column % CHANNELS);
}
//# end
//# end
fn near_NAME(place: vec3u, spot: Spot) -> vec4f {
//# if fours
  let at = place + spot;
  return select(vec4f(), BUFFER[at.z], at.x < HEIGHT && at.y < BREADTH);
//# end
//# if single
  let y = vec4u(place.x) + spot.y;
  let x = vec4u(place.y) + spot.x;
  let at = vec4u(place.z) + spot.at;
  let inside = (y < vec4u(HEIGHT)) & (x < vec4u(BREADTH));
  return select(vec4f(), vec4f(BUFFER[at.x], BUFFER[at.y], BUFFER[at.z], BUFFER[at.w]), inside);
//# end
}
fn NAME(row: u32, col: u32) -> vec4f { return near_NAME(place(row), spot(col)); }
