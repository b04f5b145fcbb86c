import { describe, expect, it } from "vitest";
import { baseConfig, metricsAt } from "../testing/fake";
import { csvCell, toCsv, toJson } from "./export";

const lanes = [
  { rule: "np", config: baseConfig("np"), frames: [metricsAt(0, 5), metricsAt(10, 4)] },
  { rule: "fa", config: baseConfig("fa"), frames: [metricsAt(0, 6)] },
];

describe("CSV", () => {
  it("has one line a rule and measurement, with equal columns", () => {
    const lines = toCsv(lanes).trimEnd().split("\r\n");
    expect(lines).toHaveLength(4);
    const [head, first] = lines.map((line) => line.split(","));
    expect(head?.slice(0, 5)).toEqual(["rule", "seed", "step", "train_loss", "test_loss"]);
    expect(head).toContain("angle_W2");
    expect(first?.[head?.indexOf("angle_W2") ?? -1]).toBe("80");
    expect(new Set(lines.map((line) => line.split(",").length)).size).toBe(1);
  });

  it("leaves missing numbers empty and quotes what needs it", () => {
    expect(csvCell(null)).toBe("");
    expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
    expect(csvCell("=1+1")).toBe("'=1+1");
    expect(csvCell(-0.5)).toBe("-0.5");
  });
});

describe("JSON", () => {
  it("carries each rule's complete configuration", () => {
    const parsed = JSON.parse(toJson(lanes, "0.1.0", "MNIST")) as {
      runs: { config: unknown; metrics: unknown[] }[];
    };
    expect(parsed.runs[0]?.config).toEqual(baseConfig("np"));
    expect(parsed.runs[0]?.metrics).toHaveLength(2);
  });
});
