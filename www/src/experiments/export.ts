/** All rows of an experiment as CSV (one line a run and measurement) or JSON (with every configuration). */
import { csv, layerCells, layerColumns } from "../data/export";
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

export function rowsAsCsv({ preset, runs }: Experiment): string {
  const names = [
    ...new Set(runs.flatMap((run) => run.rows[0]?.layers.map((l) => l.name) ?? [])),
  ].sort();
  const lines = runs.flatMap(({ job, rows }) =>
    rows.map((row) => [
      preset.id,
      job.arm,
      job.seed,
      ...FIXED.map((key) => row[key]),
      ...layerCells(row, names),
    ]),
  );
  return csv([["preset", "arm", "seed", ...FIXED, ...layerColumns(names)], ...lines]);
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
