/**
 * The command line that repeats a run of the page natively: `credit-lab train` with every setting that differs from
 * what the command has by itself. A test holds the flags against the command's own source.
 */
import { formatNumber } from "../config-url";
import type { RunConfig } from "../engine/protocol";

export interface NativeRun {
  readonly config: RunConfig;
  /** What the command takes for this task, rule and optimiser when nothing else is said. */
  readonly defaults: RunConfig;
  readonly steps: number;
  /** Iterations between rows. */
  readonly every: number;
  /** The digits are not those that come with the program. */
  readonly ownData: boolean;
  /** File for the rows. */
  readonly out: string;
  /** In place of the seed: a variable of the shell. */
  readonly seed?: string;
}

const RATES = {
  eta_w: "--lr",
  eta_b: "--feedback-lr",
  c_h: "--noise-std",
  input_noise: "--input-noise",
  gamma: "--gamma",
  kappa: "--kappa",
} as const;

export const PROGRAM = "cargo run --release -- train";

export function trainArguments(run: NativeRun): string[] {
  const { config, defaults, steps, every, ownData, out } = run;
  const words = ["--task", config.task, "--rule", config.rule];
  const differs = (key: keyof RunConfig): boolean => String(config[key]) !== String(defaults[key]);
  const when = (key: keyof RunConfig, flag: string): void => {
    if (differs(key)) words.push(flag, String(config[key]));
  };
  if (config.optimizer !== "sgd") words.push("--optimizer", config.optimizer);
  when("feedback", "--feedback");
  when("noise", "--noise");
  when("init", "--init");
  for (const [key, flag] of Object.entries(RATES) as [keyof typeof RATES, string][]) {
    // With noisy inputs the command has a rate of its own; the page's is said.
    const said = key === "eta_w" && config.noise === "inputs";
    if (differs(key) || said) words.push(flag, formatNumber(config[key]));
  }
  when("batch", "--batch");
  if (differs("sizes")) words.push("--hidden", config.sizes.slice(1, -1).join(","));
  if (differs("activations")) words.push("--activations", config.activations.join(","));
  when("warmup", "--warmup");
  if (config.freeze_forward) words.push("--freeze-forward");
  if (config.difference === "per_batch") words.push("--per-batch-difference");
  if (config.evaluate === "noisy") words.push("--evaluate", "noisy");
  if (config.init_seed !== undefined) words.push("--init-seed", String(config.init_seed));
  words.push("--seed", run.seed ?? String(config.seed), "--steps", String(steps));
  words.push("--eval-every", String(every), "--eval-samples", String(config.probe));
  if (ownData) words.push("--data", "DIR");
  words.push("--reproducible", "--out", out);
  return words;
}

export function trainCommand(run: NativeRun): string {
  return `${PROGRAM} ${trainArguments(run).join(" ")}`;
}
