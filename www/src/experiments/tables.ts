/** An experiment's numbers as HTML tables: values by curve and panel, and the paper's own table, filled anew. */
import { h } from "../dom";
import { count, value } from "../format";
import { W } from "../messages/experiments";
import type { Preset, PresetTable } from "./binding";
import type { Experiment } from "./experiment";
import { atEnd, atStep, newest, type Shown } from "./figure-data";
import { origin, picker, references, referenceText, withError, writer } from "./measures";
import { estimate, summary } from "./statistics";

/** A row a curve, a column a panel; `at`: the step pointed at, or null for the end. */
export function valuesTable(
  experiment: Experiment,
  shown: Shown,
  at: number | null,
): HTMLTableElement {
  const { preset } = experiment;
  const panels = preset.panels.filter(
    (panel) =>
      typeof panel.axis === "string" ||
      !preset.panels.some(
        (p) => typeof p.axis === "string" && p.metric === panel.metric && p.layer === panel.layer,
      ),
  );
  const head = panels.map((panel) =>
    h(
      "th",
      { scope: "col" },
      panel.letter === "" ? null : h("span", { class: "letter" }, panel.letter),
      panel.title,
    ),
  );
  const rows = preset.arms.map((arm, i) => {
    const style = shown.styles[i];
    const runs = experiment.of(arm.id);
    const done = runs.filter((run) => run.state === "done").length;
    const going = runs.filter((run) => run.state === "running");
    const cells = panels.map((panel) => {
      const write = writer(panel.metric);
      const found =
        at === null
          ? atEnd(experiment, panel, arm.id, shown.presets)
          : atStep(experiment, panel, arm.id, at);
      const live = found === null ? newest(experiment, panel, arm.id) : null;
      const theirs = references(preset, panel, arm.id).filter((r) => r.arm !== null);
      return h(
        "td",
        {},
        found !== null
          ? withError(panel.metric, found)
          : h("span", { class: "live" }, live === null ? "–" : write(live)),
        ...theirs.map((r) =>
          h("span", { class: "theirs", title: r.source }, `${origin(r)} ${referenceText(r)}`),
        ),
      );
    });
    const state = runs.length === 0 ? "–" : W.runsCell(done, runs.length);
    const steps = going.map((run) => count(run.step)).join(", ");
    return h(
      "tr",
      { "data-arm": arm.id },
      h("th", { scope: "row" }, style?.label ?? arm.label),
      h("td", {}, state, steps === "" ? null : h("span", { class: "theirs" }, W.runAt(steps))),
      ...cells,
    );
  });
  return h(
    "table",
    { class: "values" },
    h("caption", {}, at === null ? W.valuesNow : W.valuesAt(count(at))),
    h(
      "thead",
      {},
      h("tr", {}, ...[W.arm, W.runs].map((t) => h("th", { scope: "col" }, t)), ...head),
    ),
    h("tbody", {}, ...rows),
  );
}

/** The paper's table: every cell with our number, the paper's and the notebook's. */
export function paperTable(
  experiment: Experiment,
  table: PresetTable,
  presets: readonly Preset[],
): HTMLTableElement {
  const { preset, plan } = experiment;
  const measured = { metric: table.metric, layer: null };
  const all = references(preset, measured);
  const kinds = (["paper", "notebook"] as const).filter((k) => all.some((r) => origin(r) === k));
  const columns = table.columns.filter((c) => preset.arms.some((arm) => arm.cell?.[1] === c));
  const lines = table.rows.map((row) => {
    const cells = columns.flatMap((column) => {
      const arm = preset.arms.find((a) => a.cell?.[0] === row && a.cell[1] === column);
      if (arm === undefined) return [h("td", { colspan: 1 + kinds.length, class: "none" }, "")];
      const found = atEnd(experiment, measured, arm.id, presets);
      const ours = h("td", { class: "ours" });
      if (found === null) {
        const live = experiment
          .of(arm.id)
          .find((run) => run.rows.length > 0)
          ?.rows.at(-1);
        const now = live === undefined ? null : picker(measured)(live);
        ours.append(h("span", { class: "live" }, now === null ? "–" : writer(table.metric)(now)));
      } else {
        ours.append(withError(table.metric, found));
        const small = [W.table.n(found.n)];
        const last = lastRows(experiment, table, arm.id);
        if (table.statistic === "best" && last !== null) small.unshift(W.table.last(last));
        ours.append(h("span", { class: "theirs" }, small.join(", ")));
      }
      ours.dataset.arm = arm.id;
      const theirs = kinds.map((kind) => {
        const r = all.find((one) => one.arm === arm.id && origin(one) === kind);
        return h("td", {}, r === undefined ? "–" : referenceText(r));
      });
      return [ours, ...theirs];
    });
    return h("tr", {}, h("th", { scope: "row" }, row), ...cells);
  });
  const names = { paper: W.table.paper, notebook: W.table.notebook };
  const steps = count(plan?.steps ?? 0);
  const note =
    plan === null
      ? W.table.noteEmpty
      : table.statistic === "best"
        ? W.table.noteBest(steps)
        : W.table.noteFinal(steps);
  return h(
    "table",
    { class: "paper-table" },
    h("caption", {}, table.title, h("span", { class: "caption-note" }, note)),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col", rowspan: 2 }, W.table.method),
        ...columns.map((c) => h("th", { scope: "colgroup", colspan: 1 + kinds.length }, c)),
      ),
      h(
        "tr",
        {},
        ...columns.flatMap(() =>
          [W.table.ours, ...kinds.map((k) => names[k])].map((t) => h("th", { scope: "col" }, t)),
        ),
      ),
    ),
    h("tbody", {}, ...lines),
  );
}

function lastRows(experiment: Experiment, table: PresetTable, arm: string): string | null {
  const pick = picker({ metric: table.metric, layer: null });
  const values = experiment
    .of(arm)
    .filter((run) => run.state === "done")
    .flatMap((run) => summary(run.rows, pick, "final", table.descending) ?? []);
  const found = estimate(values);
  return found === null ? null : value(found.mean);
}
