/** What a preset's metrics mean in a row, how they are written, and which of the paper's numbers belong beside them. */
import type { Metrics } from "../engine/protocol";
import { degrees, percent, value } from "../format";
import type { Metric, Preset, PresetReference } from "./binding";
import type { Estimate, Pick } from "./statistics";

export interface Measured {
  readonly metric: Metric;
  /** Hidden layer, from 0. */
  readonly layer: number | null;
}

export function picker({ metric, layer }: Measured): Pick {
  const of = (row: Metrics): Metrics["layers"][number] | undefined => row.layers[layer ?? 0];
  switch (metric) {
    case "test_loss":
      return (row) => row.test_loss;
    case "running_loss":
      return (row) => row.running_loss;
    case "test_accuracy":
      return (row) => row.test_accuracy;
    case "test_error":
      return (row) => (row.test_accuracy === null ? null : 100 - row.test_accuracy);
    default:
      return (row) => of(row)?.[metric] ?? null;
  }
}

export function writer(metric: Metric): (n: number | null | undefined) => string {
  if (metric === "angle") return degrees;
  if (metric === "sign_agreement" || metric === "test_error" || metric === "test_accuracy")
    return percent;
  return value;
}

/** "515.3 ± 4.1": as many places as give the error two digits, within reason for the metric. */
export function withError(metric: Metric, found: Estimate): string {
  const write = writer(metric);
  const { mean, error } = found;
  if (error === null || !Number.isFinite(error)) return write(mean);
  const unit = write === degrees ? "°" : write === percent ? " %" : "";
  // The error rounded to two digits first: 0.0999 counts as 0.10.
  const digits = 1 - Math.floor(Math.log10(Number(error.toPrecision(2))));
  const most = unit === "" ? (Math.abs(mean) >= 100 ? 1 : 4) : 2;
  const places = Math.min(most, Math.max(0, digits));
  if (error < 0.5 * 10 ** -most) return write(mean);
  return `${mean.toFixed(places)} ± ${error.toFixed(places)}${unit}`;
}

export type Origin = "paper" | "notebook";

export function origin(reference: PresetReference): Origin {
  return reference.source.startsWith("notebook") ? "notebook" : "paper";
}

/** The numbers that the paper or its authors give for this metric, of an arm or of all arms. */
export function references(preset: Preset, measured: Measured, arm?: string): PresetReference[] {
  return preset.references.filter(
    (r) =>
      r.metric === measured.metric &&
      r.layer === measured.layer &&
      (arm === undefined || r.arm === null || r.arm === arm),
  );
}

/** A number as it is printed elsewhere: no digit more or less. */
export function asPrinted(number: number): string {
  return String(Number(number.toPrecision(6)));
}

/** "515.3 ± 4.1", "≈ 0.7": a reference as it is given. */
export function referenceText(reference: PresetReference): string {
  const { metric, error } = reference;
  const unit = writer(metric) === degrees ? "°" : writer(metric) === percent ? " %" : "";
  const about = reference.approximate ? "≈ " : "";
  if (error === null) return `${about}${asPrinted(reference.value)}${unit}`;
  const places = asPrinted(error).split(".")[1]?.length ?? 0;
  return `${about}${reference.value.toFixed(places)} ± ${error.toFixed(places)}${unit}`;
}

/** How a metric is held against the paper's: as the table of an experiment on the same runs does, else at the end. */
export function judgedBy(
  presets: readonly Preset[],
  preset: Preset,
  metric: Metric,
): { statistic: "best" | "final"; descending: boolean } {
  const tables = presets.flatMap((p) => (p.runs === preset.runs && p.table ? [p.table] : []));
  const table = tables.find((t) => t.metric === metric);
  const descending = metric !== "test_accuracy" && metric !== "sign_agreement";
  return table === undefined
    ? { statistic: "final", descending }
    : { statistic: table.statistic, descending: table.descending };
}
