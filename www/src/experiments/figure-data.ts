/** From an experiment's runs to what its panels show. */

import { W } from "../messages/experiments";
import type { Preset, PresetPanel } from "./binding";
import type { Experiment } from "./experiment";
import { judgedBy, origin, picker, references, withError } from "./measures";
import type { PanelCurve, PanelData, PanelReference } from "./panel-chart";
import { curve, type Estimate, estimate, type Point, summary, trace } from "./statistics";
import type { ArmStyle } from "./style";

export interface Shown {
  readonly presets: readonly Preset[];
  readonly styles: readonly ArmStyle[];
  readonly hidden: ReadonlySet<string>;
  /** Steps of the present run or of the next. */
  readonly steps: number;
}

const LIMITS: Partial<Record<PresetPanel["metric"], PanelData["limits"]>> = {
  angle: { from: 0, to: 100, ticks: [0, 30, 60, 90, 120, 150, 180] },
  sign_agreement: { from: 45, to: 100, ticks: [0, 25, 50, 75, 100] },
  test_accuracy: { from: 0, to: 100, ticks: [0, 25, 50, 75, 100] },
};

export function panelData(experiment: Experiment, panel: PresetPanel, shown: Shown): PanelData {
  const { preset } = experiment;
  const compares = typeof panel.axis !== "string";
  const along = preset.arms.filter((arm) => arm.x !== null);
  const visible = preset.arms.flatMap((arm, i) => {
    const style = shown.styles[i];
    if (style === undefined || shown.hidden.has(arm.id)) return [];
    return [{ arm, style }];
  });
  const curves = visible.flatMap(({ arm, style }): PanelCurve[] => {
    if (!compares) return [{ style, ...curveOf(experiment, panel, arm.id) }];
    const found = atEnd(experiment, panel, arm.id, shown.presets);
    if (arm.x === null || found === null) return [];
    return [{ style, points: [{ x: arm.x, estimate: found }], going: [] }];
  });
  const theirs = references(preset, panel).flatMap((r): PanelReference[] => {
    const arm = visible.find(({ arm }) => arm.id === r.arm);
    if (r.arm !== null && arm === undefined) return [];
    const x = arm?.arm.x ?? null;
    if (compares && r.arm !== null && x === null) return [];
    return [
      {
        style: arm?.style ?? null,
        x: compares ? x : null,
        value: r.value,
        error: r.error,
        origin: origin(r),
        approximate: r.approximate,
        source: r.source,
      },
    ];
  });
  return {
    title: panel.title,
    axis: typeof panel.axis === "string" ? W.axis[panel.axis] : panel.axis.arms.label,
    kind: typeof panel.axis === "string" ? panel.axis : "arms",
    log: panel.log,
    limits: panel.log ? null : (LIMITS[panel.metric] ?? null),
    mark: panel.mark?.[0] ?? null,
    xEnd: shown.steps,
    curves,
    references: along.length > 0 || !compares ? theirs : [],
    text: (found) => withError(panel.metric, found),
  };
}

/** The mean over runs that are done, and those still going; the first run alone stands for the mean until then. */
function curveOf(
  experiment: Experiment,
  panel: PresetPanel,
  arm: string,
): { points: PanelCurve["points"]; going: readonly (readonly Point[])[] } {
  const pick = picker(panel);
  const of = (states: readonly string[]): Point[][] =>
    experiment
      .of(arm)
      .filter((run) => states.includes(run.state) && run.rows.length > 0)
      .map((run) => trace(run.rows, pick, panel.smooth));
  const done = of(["done"]);
  const going = of(["running", "stopped"]);
  const [first, ...rest] = going;
  const means = done.length > 0 || first === undefined ? done : [first];
  const points = curve(means).map((p) => ({ x: p.step, estimate: p.estimate }));
  return { points, going: done.length > 0 ? going : rest };
}

/** The number of an arm's finished runs; null while there is none. */
export function atEnd(
  experiment: Experiment,
  panel: Pick<PresetPanel, "metric" | "layer">,
  arm: string,
  presets: readonly Preset[],
): Estimate | null {
  const { statistic, descending } = judgedBy(presets, experiment.preset, panel.metric);
  const pick = picker(panel);
  const values = experiment
    .of(arm)
    .filter((run) => run.state === "done")
    .flatMap((run) => summary(run.rows, pick, statistic, descending) ?? []);
  return estimate(values);
}

/** A curve's value at a step: of runs that are done, else of the first that is going. */
export function atStep(
  experiment: Experiment,
  panel: PresetPanel,
  arm: string,
  step: number,
): Estimate | null {
  const points = curveOf(experiment, panel, arm).points;
  return points.filter((p) => p.x <= step).at(-1)?.estimate ?? null;
}

/** The newest value of a run that is going, where none is done. */
export function newest(experiment: Experiment, panel: PresetPanel, arm: string): number | null {
  const pick = picker(panel);
  for (const run of experiment.of(arm)) {
    const last = run.rows.at(-1);
    if (last !== undefined && run.state !== "done") return pick(last);
  }
  return null;
}
