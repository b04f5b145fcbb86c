import { describe, expect, it } from "vitest";
import {
  EMPTY_CONFIG,
  hypersOf,
  ridgeWaits,
  runConfig,
  settingOf,
  warmupOf,
  withRate,
  withSetting,
} from "./config";
import { decodeConfig, encodeConfig, formatNumber } from "./config-url";
import { baseConfig, RULES, rule } from "./testing/fake";

const decode = (text: string) => decodeConfig(text, RULES);

describe("address", () => {
  it("always carries version and seed, and nothing that is a default", () => {
    expect(encodeConfig(EMPTY_CONFIG)).toBe(`v=1&seed=${settingOf(EMPTY_CONFIG, "seed")}`);
  });

  it("restores every setting and rate", () => {
    let config = withSetting(EMPTY_CONFIG, "task", "classifier");
    config = withSetting(config, "rules", ["fa", "np"]);
    config = withSetting(config, "seed", Number.MAX_SAFE_INTEGER);
    config = withSetting(config, "hidden", [30, 20]);
    config = withSetting(config, "freeze", true);
    config = withSetting(config, "feedback", "ridge");
    config = withSetting(config, "warmup", 0);
    config = withRate(config, "np", "eta_w", 0.00025);
    config = withRate(config, "np", "gamma", 0.1);
    const text = encodeConfig(config);
    const { config: back, problems } = decode(`#${text}`);
    expect(problems).toEqual([]);
    expect(back).toEqual(config);
    expect(encodeConfig(back)).toBe(text);
  });

  it("carries where to compute, and knows three answers", () => {
    expect(settingOf(EMPTY_CONFIG, "compute")).toBe("auto");
    for (const compute of ["cpu", "gpu"] as const) {
      const config = withSetting(EMPTY_CONFIG, "compute", compute);
      expect(encodeConfig(config)).toContain(`compute=${compute}`);
      expect(decode(encodeConfig(config))).toEqual({ config, problems: [] });
    }
    const { config, problems } = decode("compute=quantum");
    expect(settingOf(config, "compute")).toBe("auto");
    expect(problems).toEqual([{ kind: "invalid", key: "compute", given: "quantum", used: "auto" }]);
  });

  it("carries what single figures look at, and nothing where they choose themselves", () => {
    let config = withSetting(EMPTY_CONFIG, "netRule", "bp");
    config = withSetting(config, "mapRule", "bp");
    config = withSetting(config, "mapLayer", 4);
    config = withSetting(config, "estimateRule", "np");
    config = withSetting(config, "estimateLayer", 1);
    config = withSetting(config, "estimateUnit", 17);
    const text = encodeConfig(config);
    expect(text).toBe(
      "v=1&seed=5&netrule=bp&maprule=bp&maplayer=4&estrule=np&estlayer=1&estunit=17",
    );
    expect(decode(text)).toEqual({ config, problems: [] });
    let back = withSetting(config, "netRule", "");
    back = withSetting(back, "mapRule", "");
    back = withSetting(back, "mapLayer", 0);
    back = withSetting(back, "estimateRule", "");
    back = withSetting(back, "estimateLayer", 0);
    expect(encodeConfig(back)).toBe("v=1&seed=5");
  });

  it("takes no rule that is not known for a figure's, and says so", () => {
    for (const given of ["", "zz", "np,bp", "__proto__", "toString"]) {
      const { config, problems } = decode(`maprule=${given}`);
      expect(config).toEqual(EMPTY_CONFIG);
      expect(problems).toEqual([{ kind: "invalid", key: "maprule", given, used: "default" }]);
    }
    expect(decode("maplayer=99&estunit=0").config.set).toEqual({ mapLayer: 16 });
  });

  it("follows the task with its defaults", () => {
    const { config } = decode("task=classifier");
    expect(settingOf(config, "hidden")).toEqual([50, 20]);
    expect(settingOf(config, "warmup")).toBe(1000);
  });

  it("clamps what is out of range and says so", () => {
    const { config, problems } = decode("seed=-5&batch=99999&every=2.5&np.eta_w=7");
    expect(settingOf(config, "seed")).toBe(0);
    expect(settingOf(config, "batch")).toBe(256);
    expect(settingOf(config, "interval")).toBe(3);
    expect(config.rates.np?.eta_w).toBe(0.1);
    expect(problems.map((p) => p.kind)).toEqual(["clamped", "clamped", "clamped", "clamped"]);
  });

  it("keeps defaults for nonsense and says so", () => {
    const hostile =
      "task=<script>&seed=NaN&batch=1e999&hidden=9-x&freeze=maybe&rules=a,b&np.eta_w=0x10";
    const { config, problems } = decode(hostile);
    expect(config).toEqual(EMPTY_CONFIG);
    expect(problems).toHaveLength(7);
    expect(new Set(problems.map((p) => p.kind))).toEqual(new Set(["invalid"]));
  });

  it("warns of unknown keys and rules, and drops only these", () => {
    const { config, problems } = decode(
      "colour=red&np.colour=1&xx.eta_w=1&rules=np,zz&__proto__=1&np.__proto__=1",
    );
    expect(settingOf(config, "rules")).toEqual(["np"]);
    expect(problems.filter((p) => p.kind === "unknown")).toHaveLength(5);
    expect(problems.filter((p) => p.kind === "clamped")).toHaveLength(1);
    expect(Object.getPrototypeOf(config.rates)).toBe(Object.prototype);
  });

  it("takes the first of repeated keys and warns of other versions", () => {
    const { config, problems } = decode("v=9&seed=3&seed=4");
    expect(settingOf(config, "seed")).toBe(3);
    expect(problems.map((p) => p.kind).sort()).toEqual(["repeated", "version"]);
  });

  it("shortens and disarms what it repeats", () => {
    const { problems } = decode(`seed=${"x".repeat(500)}%00%E2%80%AE`);
    const [problem] = problems;
    expect(problem?.kind === "invalid" && problem.given.length).toBe(40);
  });

  it("ignores an endless address", () => {
    expect(decode(`seed=3&x=${"y".repeat(5000)}`)).toEqual({
      config: EMPTY_CONFIG,
      problems: [{ kind: "too-long" }],
    });
  });
});

describe("formatNumber", () => {
  it("writes numbers that read back exactly", () => {
    for (const n of [0, 1, 32, 1e-4, 3.7278e-4, 0.02, 1e-7, 8e-6, 2 ** 53 - 1, 1e6, 123456]) {
      expect(Number(formatNumber(n))).toBe(n);
    }
    expect(formatNumber(1e-4)).toBe("1e-4");
    expect(formatNumber(0.02)).toBe("0.02");
  });
});

describe("runConfig", () => {
  const shape = { inputs: 784, classes: 10 };
  const np = RULES[0] ?? rule("np");
  const bp = RULES[1] ?? rule("bp");

  it("is the core's own configuration until something is set", () => {
    const config = withSetting(EMPTY_CONFIG, "seed", 1);
    expect(runConfig(config, np, baseConfig("np"), shape)).toEqual(baseConfig("np"));
  });

  it("applies a setting only to rules it means something for", () => {
    let config = withSetting(EMPTY_CONFIG, "feedback", "ridge");
    config = withSetting(config, "noise", "activations");
    config = withSetting(config, "warmup", 500);
    expect(runConfig(config, np, baseConfig("np"), shape)).toMatchObject({
      feedback: "ridge",
      noise: "none",
      warmup: 500,
    });
    expect(runConfig(config, bp, baseConfig("bp"), shape)).toMatchObject({
      feedback: "sgd",
      noise: "activations",
      warmup: 0,
    });
    expect(runConfig(EMPTY_CONFIG, np, { ...baseConfig("np"), warmup: 1000 }, shape).warmup).toBe(
      1000,
    );
    expect(hypersOf(config, np).map((h) => h.key)).toEqual(["eta_w", "gamma"]);
    expect(hypersOf(config, bp).map((h) => h.key)).toEqual(["eta_w", "c_h"]);
  });

  it("warms up every rule whose B learns by itself when the reader sets it", () => {
    const classifier = withSetting(EMPTY_CONFIG, "task", "classifier");
    const set = withSetting(classifier, "warmup", 300);
    const learner = (id: string) => rule(id, { learns_feedback: true, regresses: false });
    expect(warmupOf(classifier, np)).toBe(1000);
    expect(warmupOf(classifier, learner("mirror"))).toBe(0);
    expect(warmupOf(set, learner("mirror"))).toBe(300);
    for (const id of ["matched", "sign"]) expect(warmupOf(set, learner(id))).toBe(0);
    expect(warmupOf(set, bp)).toBe(0);
  });

  it("takes another ridge only into a new run", () => {
    const other = (config: typeof EMPTY_CONFIG) => withRate(config, "np", "gamma", 5);
    expect(ridgeWaits(EMPTY_CONFIG, other(EMPTY_CONFIG), RULES)).toEqual([]);
    const ridge = withSetting(EMPTY_CONFIG, "feedback", "ridge");
    expect(ridgeWaits(ridge, ridge, RULES)).toEqual([]);
    expect(ridgeWaits(ridge, other(ridge), RULES)).toEqual(["np"]);
    expect(ridgeWaits(other(ridge), ridge, RULES)).toEqual(["np"]);
    expect(ridgeWaits(withSetting(ridge, "rules", ["bp"]), other(ridge), RULES)).toEqual([]);
    expect(ridgeWaits(ridge, withRate(ridge, "bp", "gamma", 5), RULES)).toEqual([]);
  });

  it("follows data of another shape and networks of another depth", () => {
    const config = withSetting(EMPTY_CONFIG, "hidden", [64, 32, 2, 64]);
    const run = runConfig(config, np, baseConfig("np"), { inputs: 100, classes: 4 });
    expect(run.sizes).toEqual([100, 64, 32, 2, 64, 100]);
    expect(run.activations).toEqual(["tanh", "tanh", "identity", "tanh", "relu"]);
  });
});

describe("withSetting", () => {
  it("drops what belonged to the other task", () => {
    let config = withSetting(EMPTY_CONFIG, "hidden", [100, 3, 100]);
    config = withRate(config, "np", "eta_w", 1e-3);
    config = withSetting(config, "seed", 9);
    config = withSetting(config, "task", "classifier");
    expect(config).toEqual({ set: { seed: 9, task: "classifier" }, rates: {} });
  });

  it("drops a unit with its layer, and both with the task", () => {
    let config = withSetting(EMPTY_CONFIG, "estimateLayer", 1);
    config = withSetting(config, "estimateUnit", 150);
    expect(withSetting(config, "estimateLayer", 1)).toEqual(config);
    expect(withSetting(config, "estimateLayer", 3).set).toEqual({ estimateLayer: 3 });
    config = withSetting(config, "mapLayer", 4);
    config = withSetting(config, "mapRule", "bp");
    expect(withSetting(config, "task", "classifier").set).toEqual({
      mapRule: "bp",
      task: "classifier",
    });
  });
});
