import { describe, expect, it } from "vitest";
import { EMPTY_CONFIG, type PageConfig, settingOf, withRate, withSetting } from "../config";
import { baseConfig, RULES } from "../testing/fake";
import {
  decodeOwn,
  encodeOwn,
  type LabSettings,
  MAX_LEVELS,
  ownCommand,
  ownPreset,
  parseLevels,
  writeLevels,
} from "./own";
import { bare } from "./own-form";

const lab: LabSettings = {
  settings: () => EMPTY_CONFIG,
  rules: RULES,
  configFor: (config: PageConfig, rule: string) => ({
    ...baseConfig(rule),
    batch: settingOf(config, "batch"),
    ...config.rates[rule],
  }),
};
const config = withRate(withSetting(EMPTY_CONFIG, "batch", 16), "np", "eta_w", 2e-4);

describe("a comparison of one's own", () => {
  it("has a curve for every rule, and for every level of noise where the rule perturbs", () => {
    const { arms } = ownPreset({ config, levels: [0.01, 0.1] }, lab);
    expect(arms.map(({ id, x, config: c }) => [id, x, c.c_h, c.batch, c.eta_w])).toEqual([
      ["np-0.01", 0.01, 0.01, 16, 2e-4],
      ["np-0.1", 0.1, 0.1, 16, 2e-4],
      ["bp", null, 0.02, 16, 1e-4],
      ["fa", null, 0.02, 16, 1e-4],
    ]);
    expect(ownPreset({ config, levels: [] }, lab).arms.map(({ id }) => id)).toEqual([
      "np",
      "bp",
      "fa",
    ]);
  });

  it("draws the loss along the levels where there are several, and every hidden layer", () => {
    const of = (levels: number[]) => ownPreset({ config, levels }, lab).panels;
    expect(of([0.01]).filter(({ axis }) => typeof axis !== "string")).toEqual([]);
    const panels = of([0.01, 0.1]);
    expect(panels.filter(({ axis }) => typeof axis !== "string")).toHaveLength(1);
    expect(panels.filter(({ metric }) => metric === "angle").map(({ layer }) => layer)).toEqual([
      0, 1, 2,
    ]);
    expect(panels.some(({ metric }) => metric === "test_error")).toBe(false);
  });

  it("comes back from an address, whatever stands there", () => {
    const spec = { config, levels: [1e-4, 0.1] };
    const { own, levels } = encodeOwn(spec);
    expect(decodeOwn(own, levels, RULES)).toEqual(spec);
    expect(decodeOwn(null, "0.1", RULES)).toBeNull();
    const hostile = decodeOwn("rules=<b>&batch=9e99&__proto__=1", "x,0.1,-1,1e9,Infinity", RULES);
    expect(hostile?.levels).toEqual([0.1]);
    expect(settingOf(hostile?.config ?? EMPTY_CONFIG, "batch")).toBe(256);
  });

  it("leaves out how the simulator is looked at, and its seed", () => {
    let seen = withSetting(withSetting(config, "logLoss", true), "seed", 9);
    seen = withSetting(seen, "compute", "cpu");
    expect(bare(seen)).toEqual({ set: { batch: 16 }, rates: config.rates });
  });

  it("is a loop over seeds natively", () => {
    const preset = ownPreset({ config, levels: [0.05] }, lab);
    const lines = ownCommand(preset, { seeds: 3, steps: 2000 }, lab, 500).split("\n");
    expect(lines[0]).toBe("for s in 1 2 3; do");
    expect(lines).toHaveLength(5);
    expect(lines[1]).toContain(
      "--rule np --lr 2e-4 --noise-std 0.05 --batch 16 --seed $s --steps 2000",
    );
    expect(lines[1]).toContain("--eval-samples 500");
    expect(lines[1]).toMatch(/--out np-0\.05-\$s\.jsonl$/);
    expect(lines.at(-1)).toBe("done");
  });
});

describe("levels of noise", () => {
  it("are sorted, once each, and what is no level is named", () => {
    expect(parseLevels("1e-1, 0.001;0.001 1e-2")).toEqual({
      levels: [0.001, 0.01, 0.1],
      bad: null,
    });
    expect(parseLevels("0.1, -1")).toEqual({ levels: [0.1], bad: "-1" });
    expect(parseLevels("")).toEqual({ levels: [], bad: null });
    const many = parseLevels(".1 .2 .3 .4 .5 .6 .7 .8");
    expect(many.levels).toHaveLength(MAX_LEVELS);
    expect(many.bad).toBe("0.7");
    expect(writeLevels([1e-4, 0.1])).toBe("1e-4, 0.1");
  });
});
