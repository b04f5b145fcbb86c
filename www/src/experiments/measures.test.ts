import { describe, expect, it } from "vitest";
import { baseConfig, metricsAt } from "../testing/fake";
import type { Preset, PresetReference } from "./binding";
import { judgedBy, origin, picker, references, referenceText, withError } from "./measures";

const reference = (extra: Partial<PresetReference>): PresetReference => ({
  arm: "np",
  metric: "test_loss",
  layer: null,
  value: 515.3,
  error: 4.1,
  source: "Table 2a",
  approximate: false,
  ...extra,
});

const preset = (extra: Partial<Preset> = {}): Preset => ({
  id: "fig3",
  runs: "autoencoder",
  width: null,
  source: "Figure 3",
  title: "",
  about: "",
  data: "mnist",
  arms: [{ id: "np", label: "NP", config: baseConfig("np"), x: null, cell: null }],
  steps: 1000,
  quick_steps: 100,
  seeds: 3,
  every: 10,
  panels: [],
  table: null,
  references: [],
  ...extra,
});

describe("references", () => {
  const own = reference({});
  const notebook = reference({ source: "notebook, plot", approximate: true, error: null });
  const other = reference({ arm: "fa" });
  const everybody = reference({ arm: null });
  const layered = reference({ metric: "angle", layer: 1, value: 7, error: null });
  const all = preset({ references: [own, notebook, other, everybody, layered] });

  it("are those of the metric, the layer and the arm, or of all arms", () => {
    const measured = { metric: "test_loss", layer: null } as const;
    expect(references(all, measured, "np")).toEqual([own, notebook, everybody]);
    expect(references(all, measured)).toEqual([own, notebook, other, everybody]);
    expect(references(all, { metric: "angle", layer: 0 }, "np")).toEqual([]);
    expect(references(all, { metric: "angle", layer: 1 }, "np")).toEqual([layered]);
  });

  it("are written as given and told apart by where they stand", () => {
    expect(referenceText(own)).toBe("515.3 ± 4.1");
    expect(referenceText(reference({ value: 615, error: 0.4 }))).toBe("615.0 ± 0.4");
    expect(referenceText(notebook)).toBe("≈ 515.3");
    expect(referenceText(layered)).toBe("7°");
    expect([origin(own), origin(notebook)]).toEqual(["paper", "notebook"]);
  });
});

it("a panel is judged as the table of an experiment on the same runs", () => {
  const table = {
    title: "",
    metric: "test_loss",
    statistic: "best",
    rows: [],
    columns: [],
    descending: true,
  } as const satisfies Preset["table"];
  const tabled = preset({ id: "table2", table: { ...table, rows: [], columns: [] } });
  const elsewhere = preset({ id: "x", runs: "x" });
  const judge = (p: Preset, metric: PresetReference["metric"]): string =>
    judgedBy([preset(), tabled, elsewhere], p, metric).statistic;
  expect(judge(preset(), "test_loss")).toBe("best");
  expect(judge(preset(), "angle")).toBe("final");
  expect(judge(elsewhere, "test_loss")).toBe("final");
});

it("values carry the digits that their error allows", () => {
  expect(withError("test_loss", { n: 3, mean: 667.123, error: 9.87 })).toBe("667.1 ± 9.9");
  expect(withError("test_error", { n: 2, mean: 70.5, error: 0.0999 })).toBe("70.50 ± 0.10 %");
  expect(withError("angle", { n: 2, mean: 0, error: 1e-9 })).toBe("0.0°");
  expect(withError("relative_error", { n: 1, mean: 0.5, error: null })).toBe("0.500");
});

it("a metric is read where a row has it", () => {
  const row = { ...metricsAt(5, 3), test_accuracy: 97.5 };
  expect(picker({ metric: "test_error", layer: null })(row)).toBe(2.5);
  expect(picker({ metric: "angle", layer: 0 })(row)).toBe(row.layers[0]?.angle);
  expect(picker({ metric: "angle", layer: 9 })(row)).toBeNull();
});
