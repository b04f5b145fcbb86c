/**
 * Reads what the core writes of one run when it is saved (crate/src/snapshot.rs):
 *
 *   "CLRUN\r\n" | u8 version | u32 header bytes | header (JSON) | f32 values, buffer by buffer | u32 CRC-32
 *
 * Integers and values are little endian. Everything in it is of one moment, and it alone has the biases
 * and all shapes. It comes from the core of this page, so the checks are against a page and a core that
 * do not fit each other, not against malice.
 */
import { M } from "../messages";

export interface SavedBuffer {
  /** "W2", "b2", "B2", or a name that the optimiser or the rule has given. */
  readonly label: string;
  readonly rows: number;
  readonly cols: number;
  /** f32, little endian, row major; a view into the snapshot. */
  readonly bytes: Uint8Array;
}

export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  readonly buffers: readonly SavedBuffer[];
}

interface Header {
  readonly step: number;
  readonly buffers: readonly { label: string; rows: number; cols: number }[];
}

/** With the version as its last byte. */
const MAGIC = new TextEncoder().encode("CLRUN\r\n\x01");

export function readSnapshot(blob: Uint8Array): Snapshot {
  const start = MAGIC.length + 4;
  const known = blob.length > start && MAGIC.every((byte, i) => blob[i] === byte);
  if (!known) throw new Error(M.runFile.otherCore);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const end = start + view.getUint32(MAGIC.length, true);
  const header = JSON.parse(new TextDecoder().decode(blob.subarray(start, end))) as Header;
  let at = end;
  const buffers = header.buffers.map((shape) => {
    const bytes = blob.subarray(at, at + shape.rows * shape.cols * 4);
    at += shape.rows * shape.cols * 4;
    return { ...shape, bytes };
  });
  if (at + 4 !== blob.length) throw new Error(M.runFile.otherCore);
  return { step: header.step, buffers };
}
