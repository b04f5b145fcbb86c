import { beforeAll, describe, expect, it } from "vitest";
import type { SavedLane } from "../engine/engine";
import type { RunConfig } from "../engine/protocol";
import { baseConfig, metricsAt } from "../testing/fake";
import { type ReadArray, readNpy, unzip } from "../testing/npz";
import * as glue from "../wasm/credit_lab.js";
import { type ExportLane, toCsv } from "./export";
import { doubles, floats, type Npy, text } from "./npy";
import { type Arrays, toArrays, toNpz } from "./npz";
import { readSnapshot } from "./snapshot";

/** The real core: what it saves is what is read here. */
let data: glue.Dataset;
beforeAll(async () => {
  // The page's sources are checked without Node's types, and this is all that is wanted of Node.
  const node: string = "node:fs";
  const { readFileSync } = await import(/* @vite-ignore */ node);
  glue.initSync({ module: readFileSync(new URL("../wasm/credit_lab_bg.wasm", import.meta.url)) });
  data = glue.syntheticDataset(12, 4, 40);
});

const whole = ({ header, values }: Npy): Uint8Array => Uint8Array.of(...header, ...values);

async function read(arrays: Arrays): Promise<Map<string, ReadArray>> {
  const parts = await toNpz(arrays);
  const file = new Uint8Array(await new Blob(parts).arrayBuffer());
  return new Map([...unzip(file)].map(([name, content]) => [name, readNpy(content)]));
}

function configOf(rule: string, changes: Partial<RunConfig> = {}): RunConfig {
  const sizes = [12, 5, 3, 4];
  const activations = ["tanh", "tanh", "identity"] as const;
  const base = glue.defaultConfig("classifier", rule, "sgd");
  return { ...base, sizes, activations: [...activations], eta_w: 0.01, ...changes };
}

async function trained(config: RunConfig): Promise<{ lane: ExportLane; saved: SavedLane }> {
  const run = new glue.Simulator(config, data);
  const first = await run.metrics();
  run.advance(7);
  const frames = [first, await run.metrics()];
  run.advance(1);
  const { rule } = config;
  const saved = { rule, step: run.step, blob: await run.save() };
  run.free();
  return { lane: { rule, config, frames }, saved };
}

const flat = (values: Float32Array | undefined): number[] => Array.from(values ?? []);

describe("an array", () => {
  it("has a header of version 1.0 after which values begin at a multiple of 64 bytes", () => {
    for (const shape of [[3], [1, 3], [3, 1], [100_000, 0]]) {
      const count = shape.reduce((a, b) => a * b);
      const found = readNpy(whole(floats(new Uint8Array(count * 4), shape)));
      expect(found).toMatchObject({ type: "<f4", shape, values: new Array(count).fill(0) });
      expect(found.start % 64).toBe(0);
    }
  });

  it("carries every number to the last bit, and NaN where nothing was measured", () => {
    const numbers = [0, -0, 1 / 3, 2 ** 53 - 1, 5e-324, Number.NEGATIVE_INFINITY];
    const found = readNpy(whole(doubles([...numbers, null])));
    expect(found).toMatchObject({ type: "<f8", shape: [7] });
    expect(found.values).toEqual([...numbers, Number.NaN]);
    expect(readNpy(whole(doubles([]))).shape).toEqual([0]);
  });

  it("carries text of any script as one value without dimensions", () => {
    const content = '{"digits": "Ziffern ½, 数字 🙂"}';
    const found = readNpy(whole(text(content)));
    expect(found).toMatchObject({ type: `<U${[...content].length}`, shape: [], values: content });
  });
});

describe("NPZ", () => {
  it("has each rule's measurements, present weights and complete configuration", async () => {
    const np = await trained(configOf("np"));
    const bp = await trained(configOf("bp"));
    const lanes = [np.lane, bp.lane];
    const found = await read(toArrays(lanes, [np.saved, bp.saved], "0.1.0", "mine"));
    expect(JSON.parse(String(found.get("config.npy")?.values))).toEqual({
      program: "credit-lab",
      version: "0.1.0",
      digits: "mine",
      runs: lanes.map(({ rule, config }) => ({ rule, step: 8, config })),
    });
    for (const { rule, frames } of lanes) {
      const column = (name: string) => found.get(`${rule}/${name}.npy`)?.values;
      expect(column("step")).toEqual([0, 7]);
      expect(column("test_loss")).toEqual(frames.map((row) => row.test_loss));
      expect(column("test_accuracy")).toEqual(frames.map((row) => row.test_accuracy));
      const of = (key: "angle" | "relative_error" | "sign_agreement") =>
        frames.map((row) => row.layers[1]?.[key] ?? Number.NaN);
      expect(column("angle_W3")).toEqual(of("angle"));
      expect(column("relative_error_W3")).toEqual(of("relative_error"));
      expect(column("sign_agreement_W3")).toEqual(of("sign_agreement"));
    }
    expect(found.get("np/running_loss.npy")?.values).toEqual([Number.NaN, expect.any(Number)]);
  });

  it("has the weights that the core hands out, and shapes that go with them", async () => {
    for (const [rule, changes] of [
      ["np", { optimizer: "adam" }],
      ["np-dfa", { feedback: "ridge" }],
      ["sign", {}],
      ["bp", {}],
    ] as const) {
      const config = configOf(rule, changes);
      const { lane, saved } = await trained(config);
      const found = await read(toArrays([lane], [saved], "", ""));
      const twin = glue.Simulator.restore(saved.blob, data);
      for (const l of [1, 2, 3]) {
        const [rows = 0, below = 0] = [config.sizes[l], config.sizes[l - 1]];
        const w = found.get(`${rule}/W${l}.npy`);
        expect(w).toMatchObject({ type: "<f4", shape: [rows, below] });
        expect(w?.values).toEqual(flat(await twin.weights(l)));
        const b = found.get(`${rule}/b${l}.npy`);
        expect(b).toMatchObject({ type: "<f4", shape: [rows] });
        expect(b?.values).not.toEqual(new Array(rows).fill(0));
        const feedback = found.get(`${rule}/B${l}.npy`);
        if (rule === "bp" || l === 1) {
          expect(feedback).toBeUndefined();
          continue;
        }
        expect(feedback?.shape).toEqual([rule === "np-dfa" ? 4 : rows, below]);
        expect(feedback?.values).toEqual(flat(await twin.feedbackWeights(l)));
      }
      twin.free();
      const columns = toCsv([lane]).split("\r\n")[0]?.split(",").slice(2) ?? [];
      const feedbacks = rule === "bp" ? 0 : 2;
      expect(found.size, "and nothing else").toBe(1 + columns.length + 6 + feedbacks);
      for (const name of columns) expect(found.has(`${rule}/${name}.npy`), name).toBe(true);
    }
  });

  it("keeps the measurements of a rule that was stopped, and drops those that the run went back behind", async () => {
    const { lane, saved } = await trained(configOf("np"));
    const stopped = { rule: "fa", config: baseConfig("fa"), frames: [metricsAt(0), metricsAt(9)] };
    const late = { ...lane, frames: [...lane.frames, metricsAt(9)] };
    const found = await read(toArrays([late, stopped], [saved], "", ""));
    expect(found.get("np/step.npy")?.values).toEqual([0, 7]);
    expect(found.get("fa/step.npy")?.values).toEqual([0, 9]);
    expect(found.has("fa/W1.npy")).toBe(false);
    const { runs } = JSON.parse(String(found.get("config.npy")?.values)) as {
      runs: { step: number | null }[];
    };
    expect(runs.map(({ step }) => step)).toEqual([8, null]);
  });

  it("takes large arrays in pieces, with pauses", async () => {
    const values = new Uint8Array(5 * 1024 * 1024 + 4);
    values.set([1, 2, 3, 4], values.length - 4);
    let time = 0;
    let pauses = 0;
    const pause = {
      now: () => {
        time += 5;
        return time;
      },
      breathe: async () => {
        pauses++;
      },
    };
    const parts = await toNpz(new Map([["W1", floats(values, [values.length / 4])]]), pause);
    expect(pauses).toBe(2);
    const file = new Uint8Array(await new Blob(parts).arrayBuffer());
    const content = unzip(file).get("W1.npy");
    expect(content?.length).toBe(values.length + 128);
    expect(content?.subarray(-4)).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});

describe("a snapshot", () => {
  it("of another format is refused", async () => {
    const { saved } = await trained(configOf("bp"));
    const newer = saved.blob.slice();
    newer[7] = 2;
    for (const blob of [newer, saved.blob.subarray(0, -1), new Uint8Array(3)]) {
      expect(() => readSnapshot(blob)).toThrow(/could not be read/);
    }
  });
});
