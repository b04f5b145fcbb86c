/**
 * Plain objects with Float32Arrays as one block of bytes, for the page and for Python:
 * u32 LE length of a JSON header, the header, then all floats. In the header an array stands as
 * {"f32": [first float, count]}.
 */

export function pack(value) {
  const chunks = [];
  const seen = new Map();
  let offset = 0;
  const header = JSON.stringify(value, (_key, v) => {
    if (!(v instanceof Float32Array)) return v;
    if (!seen.has(v)) {
      seen.set(v, { f32: [offset, v.length] });
      chunks.push(v);
      offset += v.length;
    }
    return seen.get(v);
  });
  // Padded so that the floats start at a multiple of four bytes.
  const head = new TextEncoder().encode(header.padEnd(Math.ceil((header.length + 1) / 4) * 4));
  const bytes = new Uint8Array(4 + head.length + 4 * offset);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const c of chunks) {
    bytes.set(new Uint8Array(c.buffer, c.byteOffset, c.byteLength), at);
    at += c.byteLength;
  }
  return bytes;
}

export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
  return JSON.parse(header, (_key, v) =>
    v && typeof v === "object" && Array.isArray(v.f32)
      ? new Float32Array(buffer, 4 + length + 4 * v.f32[0], v.f32[1])
      : v,
  );
}
