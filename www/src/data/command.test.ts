import { describe, expect, it } from "vitest";
import source from "../../../crate/src/cli/train.rs?raw";
import type { RunConfig } from "../engine/protocol";
import { type NativeRun, PROGRAM, trainArguments, trainCommand } from "./command";

/** Long options of `train`, as clap derives them from the fields. */
const FLAGS = [...source.matchAll(/#\[arg\(([^\]]*?)\)\]\s*(?:pub )?(\w+): /gs)]
  .filter(([, how]) => /\blong\b/.test(how ?? ""))
  .map(([, , field]) => `--${(field ?? "").replaceAll("_", "-")}`);

const base: RunConfig = {
  task: "autoencoder",
  sizes: [784, 200, 2, 200, 784],
  activations: ["tanh", "identity", "tanh", "relu"],
  loss: "squared_error",
  rule: "np",
  feedback: "sgd",
  optimizer: "sgd",
  noise: "none",
  init: "gaussian",
  difference: "per_sample",
  batch: 32,
  seed: 5,
  warmup: 0,
  freeze_forward: false,
  probe: 256,
  eta_w: 1e-4,
  eta_b: 8e-6,
  c_h: 0.02,
  gamma: 0.1,
  kappa: 1e-4,
  input_noise: 0.3,
};
const run = (change: Partial<RunConfig> = {}, rest: Partial<NativeRun> = {}): NativeRun => ({
  config: { ...base, ...change },
  defaults: base,
  steps: 100,
  every: 50,
  ownData: false,
  out: "np.jsonl",
  ...rest,
});

describe("the native command", () => {
  it("says the seed and what differs, nothing else", () => {
    expect(trainCommand(run())).toBe(
      `${PROGRAM} --task autoencoder --rule np --seed 5 --steps 100 --eval-every 50 ` +
        "--eval-samples 256 --reproducible --out np.jsonl",
    );
    const words = trainArguments(run({ c_h: 0.05, batch: 8, seed: 7 })).join(" ");
    expect(words).toContain("--noise-std 0.05 --batch 8 --seed 7");
    expect(words).not.toContain("--lr");
  });

  const everything: Partial<RunConfig> = {
    sizes: [784, 30, 784],
    activations: ["identity", "relu"],
    rule: "sg",
    feedback: "ridge",
    optimizer: "adam",
    noise: "inputs",
    init: "truncated_normal",
    difference: "per_batch",
    batch: 16,
    warmup: 10,
    freeze_forward: true,
    eta_w: 2e-4,
    eta_b: 1e-5,
    c_h: 0.1,
    gamma: 2,
    kappa: 1e-3,
    input_noise: 0.2,
    evaluate: "noisy",
    init_seed: 3,
  };

  it("uses flags that the command has", () => {
    expect(FLAGS).toContain("--eval-every");
    const flags = trainArguments(run(everything, { ownData: true })).filter((w) =>
      w.startsWith("--"),
    );
    expect(flags.length).toBeGreaterThan(20);
    for (const flag of flags) expect(FLAGS, flag).toContain(flag);
  });

  it("says the rate with noisy inputs, for which the command has another default", () => {
    expect(trainArguments(run({ noise: "inputs" })).join(" ")).toContain("--lr 1e-4");
  });
});
