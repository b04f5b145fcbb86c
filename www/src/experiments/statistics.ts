/** Runs become numbers and curves: means over seeds with their standard error. Plain arithmetic, no DOM. */
import type { Metrics } from "../engine/protocol";

/** Of several seeds' numbers. */
export interface Estimate {
  readonly n: number;
  readonly mean: number;
  /** Standard error of the mean, n - 1 in the variance; null for a single number. */
  readonly error: number | null;
}

export function estimate(values: readonly number[]): Estimate | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  if (n === 1) return { n, mean, error: null };
  const squares = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { n, mean, error: Math.sqrt(squares / (n - 1) / n) };
}

export type Pick = (row: Metrics) => number | null;

export interface Point {
  readonly step: number;
  readonly value: number;
}

/** A run's finite values, each averaged with the rows before it: `smooth` in all, fewer at the start. */
export function trace(rows: readonly Metrics[], pick: Pick, smooth = 1): Point[] {
  const points = rows.flatMap((row): Point[] => {
    const value = pick(row);
    return value === null || !Number.isFinite(value) ? [] : [{ step: row.step, value }];
  });
  if (smooth <= 1) return points;
  let sum = 0;
  return points.map(({ step, value }, i) => {
    sum += value - (points[i - smooth]?.value ?? 0);
    return { step, value: sum / Math.min(i + 1, smooth) };
  });
}

export interface CurvePoint {
  readonly step: number;
  readonly estimate: Estimate;
}

/** Mean and standard error at every step that a run was measured at. */
export function curve(runs: readonly (readonly Point[])[]): CurvePoint[] {
  const at = new Map<number, number[]>();
  for (const run of runs) {
    for (const { step, value } of run) {
      const values = at.get(step);
      if (values === undefined) at.set(step, [value]);
      else values.push(value);
    }
  }
  const points = [...at].flatMap(([step, values]) => {
    const found = estimate(values);
    return found === null ? [] : [{ step, estimate: found }];
  });
  return points.sort((a, b) => a.step - b.step);
}

/** How a run becomes one number: its last row, or the best of all (`descending`: smaller is better). */
export function summary(
  rows: readonly Metrics[],
  pick: Pick,
  statistic: "best" | "final",
  descending: boolean,
): number | null {
  const values = trace(rows, pick).map((point) => point.value);
  if (values.length === 0) return null;
  if (statistic === "final") return values.at(-1) ?? null;
  return values.reduce((a, b) => (a < b === descending ? a : b));
}
