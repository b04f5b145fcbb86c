/**
 * The run as NumPy arrays, all in one .npz (a zip that holds a .npy for each). With `run = np.load(file)`:
 *
 *   run["np/step"], run["np/test_loss"] ...  float64, one value a measurement, NaN where there is none
 *   run["np/angle_W2"] ...                   the same for each layer; names and units are those of the CSV
 *   run["np/W1"], run["np/b1"], run["np/B2"] float32: the present weights (units × inputs), biases (units)
 *                                            and feedback weights, as the rule has them
 *   json.loads(str(run["config"]))           every rule's complete configuration and the step of its
 *                                            weights, which may be later than the last measurement
 *
 * Loaded when it is wanted, with the library that writes the container.
 */
import { Zip, ZipPassThrough } from "fflate";
import type { SavedLane } from "../engine/engine";
import { type ExportLane, FIXED, layerCells, layerColumns, layerNames } from "./export";
import { browserPause, type Pause } from "./files";
import { doubles, floats, type Npy, text } from "./npy";
import { readSnapshot, type SavedBuffer, type Snapshot } from "./snapshot";

export type Arrays = ReadonlyMap<string, Npy>;

/** Bytes put into the container at once: about 2 ms. */
const PIECE = 1024 * 1024;
/** Longest stretch of work before input is served again, in ms. */
const SLICE_MS = 12;
/** Not the moments of the optimiser and the sums of a regression. */
const WEIGHTS = /^[WbB]\d+$/;

/** A bias is a vector here: a column of NumPy's would be added along the wrong axis of a batch. */
const shapeOf = ({ label, rows, cols }: SavedBuffer): number[] =>
  label.startsWith("b") ? [rows * cols] : [rows, cols];

function weightsOf({ buffers }: Snapshot): [string, Npy][] {
  return buffers
    .filter(({ label }) => WEIGHTS.test(label))
    .map((buffer) => [buffer.label, floats(buffer.bytes, shapeOf(buffer))]);
}

function measured(lane: ExportLane, upTo: number): [string, Npy][] {
  // What lies beyond was measured before the GPU was lost, and the run has gone back.
  const frames = lane.frames.filter(({ step }) => step <= upTo);
  const layers = layerNames([lane]);
  const names = [...FIXED, ...layerColumns(layers)];
  const rows = frames.map((row) => [...FIXED.map((key) => row[key]), ...layerCells(row, layers)]);
  return names.map((name, i) => [name, doubles(rows.map((row) => row[i] ?? null))]);
}

/** A rule that was stopped has measurements and no weights. */
export function toArrays(
  lanes: readonly ExportLane[],
  saved: readonly SavedLane[],
  version: string,
  digits: string,
): Arrays {
  const snapshots = new Map(saved.map(({ rule, blob }) => [rule, readSnapshot(blob)]));
  const runs = lanes.map(({ rule, config }) => {
    return { rule, step: snapshots.get(rule)?.step ?? null, config };
  });
  const about = text(JSON.stringify({ program: "credit-lab", version, digits, runs }));
  const arrays = new Map([["config", about]]);
  for (const lane of lanes) {
    const snapshot = snapshots.get(lane.rule);
    const columns = measured(lane, snapshot?.step ?? Number.POSITIVE_INFINITY);
    const weights = snapshot === undefined ? [] : weightsOf(snapshot);
    for (const [name, npy] of [...columns, ...weights]) arrays.set(`${lane.rule}/${name}`, npy);
  }
  return arrays;
}

/**
 * The file, in pieces; nothing is compressed, since weights are noise to a packer. Large networks take a
 * while, with pauses. Sizes follow the values and stand in the directory at the end, where NumPy looks.
 */
export async function toNpz(
  arrays: Arrays,
  pause: Pause = browserPause,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, part) => {
    if (error !== null) throw error;
    parts.push(part);
  });
  let since = pause.now();
  for (const [name, { header, values }] of arrays) {
    const entry = new ZipPassThrough(`${name}.npy`);
    zip.add(entry);
    entry.push(header, values.length === 0);
    for (let at = 0; at < values.length; at += PIECE) {
      entry.push(values.subarray(at, at + PIECE), at + PIECE >= values.length);
      if (pause.now() - since < SLICE_MS) continue;
      await pause.breathe();
      since = pause.now();
    }
  }
  zip.end();
  return parts;
}
