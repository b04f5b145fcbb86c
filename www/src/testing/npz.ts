/** Reads .npz files as their descriptions have them, knowing nothing of what writes ours. */
import { crc32 } from "../data/run-file";

export interface ReadArray {
  readonly type: string;
  readonly shape: readonly number[];
  /** Where the values begin in their .npy. */
  readonly start: number;
  readonly values: readonly number[] | string;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Names and contents of a zip without compression, by the directory at its end, checksums checked. */
export function unzip(file: Uint8Array): Map<string, Uint8Array> {
  const view = viewOf(file);
  const end = file.length - 22;
  if (view.getUint32(end, true) !== 0x06054b50) throw new Error("no end of a directory");
  const found = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error("no entry of a directory");
    if (view.getUint16(at + 10, true) !== 0) throw new Error("compressed");
    const [sum, packed, size] = [16, 20, 24].map((field) => view.getUint32(at + field, true));
    const [name = 0, extra = 0, comment = 0] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    );
    const local = view.getUint32(at + 42, true);
    if (view.getUint32(local, true) !== 0x04034b50) throw new Error("no file where one should be");
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = file.subarray(start, start + (size ?? 0));
    if (packed !== size || crc32(content) !== sum) throw new Error("damaged");
    found.set(new TextDecoder().decode(file.subarray(at + 46, at + 46 + name)), content);
    at += 46 + name + extra + comment;
  }
  return found;
}

export function readNpy(file: Uint8Array): ReadArray {
  const view = viewOf(file);
  const magic = String.fromCharCode(...file.subarray(0, 6));
  if (magic !== "\x93NUMPY" || view.getUint16(6) !== 0x0100) throw new Error("not NumPy’s, 1.0");
  const start = 10 + view.getUint16(8, true);
  const header = new TextDecoder("ascii").decode(file.subarray(10, start));
  const form =
    /^\{'descr': '(<[fU]\d+)', 'fortran_order': False, 'shape': \(([\d, ]*)\), \} *\n$/.exec(
      header,
    );
  const [, type = "", inside = ""] = form ?? [];
  if (form === null) throw new Error(`header: ${header}`);
  const shape = inside.split(",").filter((n) => n.trim() !== "");
  if (shape.length === 1 && !inside.endsWith(",")) throw new Error("a number, not a tuple");
  return { type, shape: shape.map(Number), start, values: valuesOf(file, start, type) };
}

function valuesOf(file: Uint8Array, start: number, type: string): readonly number[] | string {
  const view = viewOf(file);
  const width = type === "<f8" ? 8 : 4;
  if ((file.length - start) % width !== 0) throw new Error("part of a value");
  const places = Array.from({ length: (file.length - start) / width }, (_, i) => start + i * width);
  if (type.startsWith("<U"))
    return String.fromCodePoint(...places.map((at) => view.getUint32(at, true)));
  return places.map((at) =>
    type === "<f8" ? view.getFloat64(at, true) : view.getFloat32(at, true),
  );
}
