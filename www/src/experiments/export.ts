/** All rows of an experiment as CSV (one line a run and measurement) or JSON (with every configuration). */
import { csvCell } from "../data/export";
import type { Metrics } from "../engine/protocol";
import type { Experiment } from "./experiment";

const FIXED = [
  "step",
  "train_loss",
  "test_loss",
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

export function rowsAsCsv({ preset, runs }: Experiment): string {
  const names = [
    ...new Set(runs.flatMap((run) => run.rows[0]?.layers.map((l) => l.name) ?? [])),
  ].sort();
  const perLayer = names.flatMap((name) => PER_LAYER.map((key) => `${key}_${name}`));
  const lines = [["preset", "arm", "seed", ...FIXED, ...perLayer].map(csvCell).join(",")];
  for (const { job, rows } of runs) {
    for (const row of rows) {
      const layers = names.flatMap((name) => {
        const layer = row.layers.find((l) => l.name === name);
        return PER_LAYER.map((key) => layer?.[key] ?? null);
      });
      const cells = [preset.id, job.arm, job.seed, ...FIXED.map((key) => row[key]), ...layers];
      lines.push(cells.map(csvCell).join(","));
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

export function rowsAsJson(experiment: Experiment, version: string, command: string): string {
  const { preset, parts } = experiment;
  const runs = experiment.runs
    .filter((run) => run.rows.length > 0 || run.why !== null)
    .map(({ job, rows, state, why }) => ({
      arm: job.arm,
      seed: job.seed,
      steps: job.steps,
      state,
      ...(why === null ? {} : { stopped: why }),
      config: job.config,
      metrics: rows,
    }));
  const head = { program: "credit-lab", version, preset: preset.id, data: parts?.name, command };
  return `${JSON.stringify({ ...head, runs }, null, 1)}\n`;
}
