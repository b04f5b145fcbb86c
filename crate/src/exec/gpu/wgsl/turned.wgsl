fn NAME(row: u32, col: u32) -> vec4f {
  let block = row % OUTPUTS * TAPS + (TAPS - 1u - row / OUTPUTS);
//# if fours
  return BUFFER[block * CHANNELS + col];
//# end
//# if single
  let at = block * CHANNELS + 4u * col;
  let v = vec4f(BUFFER[at], BUFFER[at + 1u], BUFFER[at + 2u], BUFFER[at + 3u]);
  return select(vec4f(), v, vec4u(4u * col) + vec4u(0u, 1u, 2u, 3u) < vec4u(CHANNELS));
//# end
}
