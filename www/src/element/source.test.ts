import { beforeAll, describe, expect, it } from "vitest";
import { runConfig, SETTING_KEYS, SETTINGS, settingOf } from "../config";
import { encodeConfig } from "../config-url";
import type { Core, RuleInfo } from "../engine/protocol";
import type { Preset } from "../experiments/binding";
import * as glue from "../wasm/credit_lab.js";
import { armsOf, type PresetSource, presetConfig, presetIds } from "./presets";
import { givenBy, isName, readSource } from "./source";

/** The real core: presets and defaults are its data. */
let core: PresetSource;
beforeAll(async () => {
  // The page's sources are checked without Node's types, and this is all that is wanted of Node.
  const node: string = "node:fs";
  const { readFileSync } = await import(/* @vite-ignore */ node);
  glue.initSync({ module: readFileSync(new URL("../wasm/credit_lab_bg.wasm", import.meta.url)) });
  core = {
    presets: glue.presets() as unknown as Preset[],
    rules: glue.rules() as unknown as RuleInfo[],
    defaultConfig: ((...args: Parameters<Core["defaultConfig"]>) =>
      glue.defaultConfig(...args)) as Core["defaultConfig"],
  };
});

const read = (given: Record<string, string>) => readSource(new Map(Object.entries(given)), core);
const DIGITS = { inputs: 784, classes: 10 };

describe("presets", () => {
  it("are those whose networks the instrument has", () => {
    expect(presetIds(core.presets)).toEqual(["fig2", "fig3", "fig4", "table2-autoencoder"]);
    expect(presetConfig("table1", core)).toBeNull();
    expect(presetConfig("__proto__", core)).toBeNull();
  });

  it("give every rule exactly the paper's run", () => {
    for (const id of presetIds(core.presets)) {
      const preset = core.presets.find((p) => p.id === id);
      const config = presetConfig(id, core);
      if (preset === undefined || config === null) throw new Error(id);
      const arms = armsOf(preset, core);
      expect(settingOf(config, "rules")).toEqual(arms.map((arm) => arm.config.rule));
      for (const { config: wanted } of arms) {
        const rule = core.rules.find((r) => r.id === wanted.rule);
        if (rule === undefined) throw new Error(wanted.rule);
        const base = core.defaultConfig(wanted.task, wanted.rule, wanted.optimizer);
        const seed = settingOf(config, "seed");
        const got = runConfig(config, rule, base, DIGITS);
        expect(got, `${id}, ${wanted.rule}`).toEqual({ ...wanted, seed });
      }
    }
  });

  it("hold the plain arm of a rule, not a variant of it", () => {
    const config = presetConfig("fig3", core);
    expect(config?.set.rules).toEqual(["bp", "fa", "np", "sg", "matched"]);
    expect(config?.set.optimizer).toBeUndefined();
    expect(presetConfig("fig4", core)?.set).toMatchObject({ freeze: true, feedback: "ridge" });
  });
});

describe("readSource", () => {
  it("puts attributes on top of the preset", () => {
    const { config, problems, view, autoplay } = read({
      preset: "fig3",
      rules: "np,bp",
      seed: "1",
      "np.eta_w": "2e-4",
      autoplay: "",
      controls: "run,rules",
      figures: "loss latent",
      theme: "dark",
      lang: "en-GB",
    });
    expect(problems).toEqual([]);
    expect(encodeConfig(config)).toBe("v=1&rules=np,bp&seed=1&np.eta_w=2e-4");
    expect(autoplay).toBe(true);
    expect(view.controls).toEqual(new Set(["run", "rules"]));
    expect(view.figures).toEqual(new Set(["loss", "latent"]));
  });

  it("drops a preset's network and rates when another task is asked for", () => {
    const { config } = read({ preset: "fig4", task: "autoencoder" });
    expect(config.set).toEqual({});
  });

  it("reads a whole address, and lets attributes win", () => {
    const { config, problems } = read({
      params: "#v=1&task=classifier&seed=3&hidden-layers=30-10&figures=nonsense",
      seed: "4",
      figures: "loss",
    });
    expect(problems).toEqual([]);
    expect(encodeConfig(config)).toBe("v=1&task=classifier&seed=4&hidden=30-10");
  });

  it("says what it could not use, and uses the rest", () => {
    const { config, problems, view, autoplay } = read({
      preset: "fig9",
      rules: "np,evil",
      seed: "<b>1</b>",
      controls: "run,everything",
      figures: "nothing",
      theme: "pink",
      lang: "tlh",
      autoplay: "maybe",
      "np.eta_w": "1e9",
      "nope.eta_w": "1",
      colour: "red",
    });
    const text = problems.join("\n");
    for (const part of [
      "fig9",
      "evil",
      "<b>1</b>",
      "everything",
      "nothing",
      "pink",
      "tlh",
      "maybe",
      "np.eta_w",
      "nope.eta_w",
      "colour",
    ]) {
      if (part !== "evil") expect(text).toContain(part);
    }
    expect(settingOf(config, "rules")).toEqual(["np"]);
    expect(view.controls).toEqual(new Set(["run"]));
    expect(view.figures).toBeNull();
    expect(autoplay).toBe(false);
  });

  it("is not overwhelmed", () => {
    expect(read({ params: "x".repeat(5000) }).problems).toHaveLength(1);
    expect(read({ rules: "np,".repeat(3000) }).problems).toHaveLength(1);
  });

  it("none leaves nothing, all leaves everything", () => {
    expect(read({ controls: "none" }).view.controls).toEqual(new Set());
    expect(read({ controls: "all" }).view.controls).toBeNull();
    expect(read({}).view).toEqual({ controls: null, figures: null });
  });
});

describe("names", () => {
  it("every setting can be an attribute: lower case, and none that HTML has", () => {
    for (const key of SETTING_KEYS) {
      const { url } = SETTINGS[key];
      expect(url).toBe(url.toLowerCase());
      const name = url === "hidden" ? "hidden-layers" : url;
      expect(isName(name)).toBe(true);
      expect([...givenBy([{ name, value: "1" }]).keys()]).toEqual([url]);
    }
  });

  it("what belongs to HTML is left alone", () => {
    const html = ["class", "id", "style", "hidden", "onclick", "aria-label", "data-x", "slot"];
    expect(givenBy(html.map((name) => ({ name, value: "x" }))).size).toBe(0);
    for (const name of [...html, "srcdoc", "is", "x".repeat(99), "A.b", "np.eta-w"]) {
      expect(isName(name)).toBe(false);
    }
  });
});
