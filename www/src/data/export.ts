/**
 * The metrics of a run as CSV (one line a rule and measurement) or JSON (with each rule's complete
 * configuration). Column names and units are those of the native command line.
 */
import type { Metrics, RunConfig } from "../engine/protocol";

export interface ExportLane {
  readonly rule: string;
  readonly config: RunConfig;
  readonly frames: readonly Metrics[];
}

/** Columns that are not of a layer. */
export const FIXED = [
  "step",
  "train_loss",
  "test_loss",
  "train_loss_per_sample",
  "test_loss_per_sample",
  "running_loss",
  "train_accuracy",
  "test_accuracy",
] as const satisfies readonly (keyof Metrics)[];

const PER_LAYER = [
  "angle",
  "angle_code",
  "relative_error",
  "sign_agreement",
  "norm_w",
  "norm_b",
] as const;

/** RFC 4180; a cell that a spreadsheet would take for a formula is made text. */
export function csvCell(cell: string | number | null): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Layers that any of the runs has, in order of their appearance. */
export function layerNames(lanes: readonly ExportLane[]): string[] {
  const rows = lanes.flatMap(({ frames }) => frames);
  return [...new Set(rows.flatMap(({ layers }) => layers.map(({ name }) => name)))];
}

/** Columns of the layers of these names. */
export const layerColumns = (names: readonly string[]): string[] =>
  names.flatMap((name) => PER_LAYER.map((key) => `${key}_${name}`));

/** Their cells in a row, empty where it has no such layer. */
export const layerCells = (row: Metrics, names: readonly string[]): (number | null)[] =>
  names.flatMap((name) => {
    const layer = row.layers.find((l) => l.name === name);
    return PER_LAYER.map((key) => layer?.[key] ?? null);
  });

/** Lines as RFC 4180 has them. */
export const csv = (lines: readonly (readonly (string | number | null)[])[]): string =>
  `${lines.map((line) => line.map(csvCell).join(",")).join("\r\n")}\r\n`;

export function toCsv(lanes: readonly ExportLane[]): string {
  const names = layerNames(lanes);
  const rows = lanes.flatMap(({ rule, config, frames }) =>
    frames.map((frame) => [
      rule,
      config.seed,
      ...FIXED.map((key) => frame[key]),
      ...layerCells(frame, names),
    ]),
  );
  return csv([["rule", "seed", ...FIXED, ...layerColumns(names)], ...rows]);
}

export function toJson(lanes: readonly ExportLane[], version: string, digits: string): string {
  const runs = lanes.map(({ rule, config, frames }) => ({ rule, config, metrics: frames }));
  return `${JSON.stringify({ program: "credit-lab", version, digits, runs }, null, 1)}\n`;
}
