/**
 * Arrays as NumPy keeps them in a file, format version 1.0:
 *
 *   "\x93NUMPY" | version 1, 0 | u16 header bytes | header (a Python literal, ASCII) | values
 *
 * Everything is little endian, and values are in C order: the last index runs fastest, as in the core.
 * The header ends with spaces and a line break, so that the values begin at a multiple of 64 bytes,
 * where NumPy maps them into memory without a copy.
 */

/** In two pieces: the values of a large network are passed on as they came, not copied. */
export interface Npy {
  readonly header: Uint8Array;
  readonly values: Uint8Array;
}

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0);
const ALIGN = 64;

/** Python's `(200, 784)`, `(12,)` and, of a single value, `()`. */
const tuple = (shape: readonly number[]): string =>
  shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;

/** `type` as NumPy writes it: `<f8`. */
function headerOf(type: string, shape: readonly number[]): Uint8Array {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple(shape)}, }`;
  const before = MAGIC.length + 2;
  const total = Math.ceil((before + text.length + 1) / ALIGN) * ALIGN;
  const header = new Uint8Array(total);
  header.set(MAGIC);
  new DataView(header.buffer).setUint16(MAGIC.length, total - before, true);
  header.set(new TextEncoder().encode(`${text.padEnd(total - before - 1)}\n`), before);
  return header;
}

/** float64, one dimension; null becomes NaN. */
export function doubles(numbers: readonly (number | null)[]): Npy {
  const values = new Uint8Array(numbers.length * 8);
  const view = new DataView(values.buffer);
  numbers.forEach((x, i) => {
    view.setFloat64(i * 8, x ?? Number.NaN, true);
  });
  return { header: headerOf("<f8", [numbers.length]), values };
}

/** float32 whose bytes are there already, little endian. */
export function floats(values: Uint8Array, shape: readonly number[]): Npy {
  return { header: headerOf("<f4", shape), values };
}

/** A text: an array without dimensions whose one value is Unicode, four bytes a character. */
export function text(content: string): Npy {
  const points = Array.from(content, (character) => character.codePointAt(0) ?? 0);
  const values = new Uint8Array(points.length * 4);
  const view = new DataView(values.buffer);
  points.forEach((point, i) => {
    view.setUint32(i * 4, point, true);
  });
  return { header: headerOf(`<U${points.length}`, []), values };
}
