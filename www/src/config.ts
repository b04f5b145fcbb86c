/**
 * The one table of settings: kind, default, range, unit, URL key, and whether a change needs a new run.
 *
 * The address, the controls and (later) the element's attributes are all driven by it. A page
 * configuration holds only what differs from the defaults, because some defaults follow the task.
 * Rates live beside the table, one set a rule, since their ranges come from the rules themselves.
 */
import type { Compute } from "./engine/device";
import type { HyperInfo, HyperKey, RuleInfo, RunConfig, Task } from "./engine/protocol";
import { HYPER_TEXT } from "./messages";

type PerTask<T> = T | { readonly [K in Task]: T };

/** Where a control for the setting is shown; `view` settings never touch the run. */
export type Group = "experiment" | "network" | "learning" | "run" | "view";

interface Common<T> {
  readonly url: string;
  readonly default: PerTask<T>;
  readonly group: Group;
  /** A change takes effect only in a new run. */
  readonly restart: boolean;
}

export interface Choice<O extends string> extends Common<O> {
  readonly kind: "choice";
  readonly options: readonly O[];
}
export interface NumberSetting extends Common<number> {
  readonly kind: "number";
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  /** Shown after the field; the words are in messages.ts, this is only the symbol. */
  readonly unit: string;
}
export interface Flag extends Common<boolean> {
  readonly kind: "flag";
}
export interface RuleList extends Common<readonly string[]> {
  readonly kind: "rules";
}
/** One known rule, which need not be among those that run; empty for the page's own choice. */
export interface OneRule extends Common<string> {
  readonly kind: "rule";
}
export interface Widths extends Common<readonly number[]> {
  readonly kind: "widths";
  readonly max: number;
  readonly maxLayers: number;
}

export type Setting = Choice<string> | NumberSetting | Flag | RuleList | OneRule | Widths;

const choice = <O extends string>(s: Omit<Choice<O>, "kind">): Choice<O> => ({
  kind: "choice",
  ...s,
});
const number = (s: Omit<NumberSetting, "kind">): NumberSetting => ({ kind: "number", ...s });
const flag = (s: Omit<Flag, "kind">): Flag => ({ kind: "flag", ...s });
/** What one figure looks at; never more than that. */
const looksAt = { group: "view", restart: false } as const;
const oneRule = (url: string): OneRule => ({ kind: "rule", url, default: "", ...looksAt });
const whole = (url: string, least: number, max: number): NumberSetting =>
  number({ url, default: least, min: least, max, integer: true, unit: "", ...looksAt });

/** Most units in a layer, and most layers of weights, that an address may name. */
const MAX_WIDTH = 1024;
const MAX_LAYER = 16;

/** Largest integer that JSON and the core both carry exactly. */
export const MAX_SEED = Number.MAX_SAFE_INTEGER;
/** "max" on the speed control, in ms a frame: leaves the 40 ms bound on one slice some air. */
export const BUDGET_MAX_MS = 30;

export const SETTINGS = {
  task: choice<Task>({
    url: "task",
    options: ["autoencoder", "classifier"],
    default: "autoencoder",
    group: "experiment",
    restart: true,
  }),
  rules: {
    kind: "rules",
    url: "rules",
    default: ["np", "bp", "fa"],
    group: "experiment",
    restart: false,
  } satisfies RuleList as RuleList,
  // Not 1: from that start half of backpropagation's output units die at once (rectified output, the
  // authors' rate), and a first look at the page should show each rule as it usually does.
  seed: number({
    url: "seed",
    default: 5,
    min: 0,
    max: MAX_SEED,
    integer: true,
    unit: "",
    group: "experiment",
    restart: true,
  }),
  hidden: {
    kind: "widths",
    url: "hidden",
    default: { autoencoder: [200, 2, 200], classifier: [50, 20] },
    max: MAX_WIDTH,
    maxLayers: 6,
    group: "network",
    restart: true,
  } satisfies Widths as Widths,
  init: choice<RunConfig["init"]>({
    url: "init",
    options: ["gaussian", "truncated_normal"],
    default: "gaussian",
    group: "network",
    restart: true,
  }),
  /** Of the first weights alone; 0 takes the run's own. */
  initSeed: number({
    url: "initseed",
    default: 0,
    min: 0,
    max: MAX_SEED,
    integer: true,
    unit: "",
    group: "network",
    restart: true,
  }),
  batch: number({
    url: "batch",
    default: 32,
    min: 1,
    max: 256,
    integer: true,
    unit: "digits",
    group: "learning",
    restart: true,
  }),
  optimizer: choice<RunConfig["optimizer"]>({
    url: "optimizer",
    options: ["sgd", "adam"],
    default: "sgd",
    group: "learning",
    restart: true,
  }),
  feedback: choice<RunConfig["feedback"]>({
    url: "feedback",
    options: ["sgd", "ridge"],
    default: "sgd",
    group: "learning",
    restart: true,
  }),
  difference: choice<RunConfig["difference"]>({
    url: "difference",
    options: ["per_sample", "per_batch"],
    default: "per_sample",
    group: "learning",
    restart: true,
  }),
  noise: choice<RunConfig["noise"]>({
    url: "noise",
    options: ["none", "activations", "inputs"],
    default: "none",
    group: "learning",
    restart: true,
  }),
  warmup: number({
    url: "warmup",
    default: { autoencoder: 0, classifier: 1000 },
    min: 0,
    max: 1_000_000,
    integer: true,
    unit: "it.",
    group: "learning",
    restart: true,
  }),
  freeze: flag({ url: "freeze", default: false, group: "learning", restart: true }),
  compute: choice<Compute>({
    url: "compute",
    options: ["auto", "cpu", "gpu"],
    default: "auto",
    group: "run",
    restart: false,
  }),
  interval: number({
    url: "every",
    default: { autoencoder: 50, classifier: 200 },
    min: 1,
    max: 100_000,
    integer: true,
    unit: "it.",
    group: "run",
    restart: false,
  }),
  evaluate: choice<NonNullable<RunConfig["evaluate"]>>({
    url: "evaluate",
    options: ["clean", "noisy"],
    default: "clean",
    group: "run",
    restart: true,
  }),
  probe: number({
    url: "probe",
    default: 256,
    min: 16,
    max: 1000,
    integer: true,
    unit: "digits",
    group: "run",
    restart: true,
  }),
  stop: number({
    url: "stop",
    default: 0,
    min: 0,
    max: 100_000_000,
    integer: true,
    unit: "it.",
    group: "run",
    restart: false,
  }),
  /** Test loss (per batch of 32) at which a rule that reaches it pauses the run. */
  target: number({
    url: "target",
    default: 0,
    min: 0,
    max: 1e9,
    integer: false,
    unit: "",
    group: "run",
    restart: false,
  }),
  budget: number({
    url: "budget",
    default: 9,
    min: 2,
    max: BUDGET_MAX_MS,
    integer: true,
    unit: "ms",
    group: "run",
    restart: false,
  }),
  lossUnit: choice<"batch" | "image" | "pixel">({
    url: "unit",
    options: ["batch", "image", "pixel"],
    default: "batch",
    group: "view",
    restart: false,
  }),
  logLoss: flag({ url: "logloss", default: false, group: "view", restart: false }),
  logError: flag({ url: "logerror", default: true, group: "view", restart: false }),
  logWrong: flag({ url: "logwrong", default: false, group: "view", restart: false }),
  logAngle: flag({ url: "logangle", default: false, group: "view", restart: false }),
  logSign: flag({ url: "logsign", default: false, group: "view", restart: false }),
  /** Iterations along a logarithmic axis, in all curves. */
  logX: flag({ url: "logx", default: false, group: "view", restart: false }),
  /** Points in the moving average of all curves. */
  smooth: choice<"0" | "5" | "15" | "50">({
    url: "smooth",
    options: ["0", "5", "15", "50"],
    default: "0",
    group: "view",
    restart: false,
  }),
  /** Which feedback layer the alignment charts show: 0 for all, 1 for the first that has a B. */
  layer: number({
    url: "layer",
    default: 0,
    min: 0,
    max: MAX_LAYER,
    integer: true,
    unit: "",
    group: "view",
    restart: false,
  }),
  /** What single figures look at. A layer of 0 is the figure's own choice, as an empty rule is. */
  netRule: oneRule("netrule"),
  mapRule: oneRule("maprule"),
  mapLayer: whole("maplayer", 0, MAX_LAYER),
  tableRule: oneRule("tablerule"),
  estimateRule: oneRule("estrule"),
  estimateLayer: whole("estlayer", 0, MAX_LAYER),
  /** From 1. */
  estimateUnit: whole("estunit", 1, MAX_WIDTH),
} as const;

type ValueOf<S> =
  S extends Choice<infer O>
    ? O
    : S extends NumberSetting
      ? number
      : S extends Flag
        ? boolean
        : S extends RuleList
          ? readonly string[]
          : S extends OneRule
            ? string
            : S extends Widths
              ? readonly number[]
              : never;

export type SettingKey = keyof typeof SETTINGS;
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };
export type Rates = Readonly<Record<string, Partial<Record<HyperKey, number>>>>;

/** Only what differs from the defaults. */
export interface PageConfig {
  readonly set: Partial<Settings>;
  readonly rates: Rates;
}

export const EMPTY_CONFIG: PageConfig = { set: {}, rates: {} };
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

/** What means nothing any more when a setting changes, and is dropped with it. */
const BOUND: Readonly<Partial<Record<SettingKey, readonly SettingKey[]>>> = {
  task: [
    ...(["hidden", "warmup", "interval", "lossUnit", "layer"] as const),
    ...(["mapLayer", "estimateLayer", "estimateUnit"] as const),
  ],
  estimateLayer: ["estimateUnit"],
};

function isPerTask<T>(value: PerTask<T>): value is { readonly [K in Task]: T } {
  return typeof value === "object" && value !== null && "autoencoder" in value;
}

export function defaultOf<K extends SettingKey>(key: K, task: Task): Settings[K] {
  const value = SETTINGS[key].default as PerTask<Settings[K]>;
  return isPerTask(value) ? value[task] : value;
}

export function taskOf(config: PageConfig): Task {
  return config.set.task ?? "autoencoder";
}

export function settingOf<K extends SettingKey>(config: PageConfig, key: K): Settings[K] {
  const set = config.set[key] as Settings[K] | undefined;
  return set ?? defaultOf(key, taskOf(config));
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export function withSetting<K extends SettingKey>(
  config: PageConfig,
  key: K,
  value: Settings[K],
): PageConfig {
  const set: Partial<Record<SettingKey, unknown>> = { ...config.set };
  set[key] = value;
  let rates = config.rates;
  if (value !== settingOf(config, key)) {
    for (const bound of BOUND[key] ?? []) delete set[bound];
    if (key === "task") rates = {};
  }
  const task = (set.task as Task | undefined) ?? "autoencoder";
  if (same(value, defaultOf(key, task))) delete set[key];
  return { set: set as Partial<Settings>, rates };
}

/** `value` null goes back to the rule's default. */
export function withRate(
  config: PageConfig,
  rule: string,
  key: HyperKey,
  value: number | null,
): PageConfig {
  const own: Partial<Record<HyperKey, number>> = { ...config.rates[rule] };
  if (value === null) delete own[key];
  else own[key] = value;
  const rates: Record<string, Partial<Record<HyperKey, number>>> = { ...config.rates, [rule]: own };
  if (Object.keys(own).length === 0) delete rates[rule];
  return { set: config.set, rates };
}

/** Rates that come with a setting rather than with a rule; ranges as the core accepts them. */
const SETTING_HYPERS: Readonly<Partial<Record<HyperKey, Pick<HyperInfo, "min" | "max" | "log">>>> =
  {
    c_h: { min: 1e-4, max: 1, log: true },
    gamma: { min: 1e-6, max: 1e4, log: true },
    input_noise: { min: 0, max: 2, log: false },
  };

/** The rates a rule has under the present settings, in the order they are shown. */
export function hypersOf(config: PageConfig, rule: RuleInfo): HyperInfo[] {
  const ridge =
    settingOf(config, "feedback") === "ridge" && (rule.regresses ?? rule.learns_feedback);
  const noise = settingOf(config, "noise");
  const own = rule.hypers.filter((hyper) => {
    if (hyper.key === "gamma") return ridge;
    if (hyper.key === "eta_b") return !ridge;
    return hyper.key !== "input_noise" || noise === "inputs";
  });
  const extra: HyperKey[] = [];
  if (ridge) extra.push("gamma");
  if (noise === "inputs") extra.push("input_noise");
  if (noise === "activations" && rule.perturbs !== true) extra.push("c_h");
  const missing = extra.filter((key) => !own.some((hyper) => hyper.key === key));
  return [...own, ...missing.flatMap((key) => settingHyper(key) ?? [])];
}

/** The range of a rate that a rule does not list itself. */
export function settingHyper(key: string): HyperInfo | undefined {
  // Keys come from the address too: "__proto__" must not find anything.
  const own = (SETTING_HYPER_KEYS as readonly string[]).includes(key);
  return own ? hyperFromSetting(key as HyperKey) : undefined;
}

const SETTING_HYPER_KEYS: readonly HyperKey[] = ["c_h", "gamma", "input_noise"];

function hyperFromSetting(key: HyperKey): HyperInfo | undefined {
  const range = SETTING_HYPERS[key];
  const text = HYPER_TEXT[key];
  if (range === undefined || text === undefined) return undefined;
  return { key, unit: "", ...range, ...text };
}

/**
 * Rules of the run `built` whose ridge differs in `next`. A regression starts from its ridge, so a
 * running one cannot take another; without regression the value has no effect.
 */
export function ridgeWaits(
  built: PageConfig,
  next: PageConfig,
  rules: readonly RuleInfo[],
): string[] {
  if (settingOf(built, "feedback") !== "ridge") return [];
  const running = settingOf(built, "rules");
  return settingOf(next, "rules").filter((id) => {
    const rule = rules.find((r) => r.id === id);
    const fits = rule !== undefined && (rule.regresses ?? rule.learns_feedback);
    return fits && running.includes(id) && built.rates[id]?.gamma !== next.rates[id]?.gamma;
  });
}

/** Input and output widths, which follow the data. */
export interface DataShape {
  readonly inputs: number;
  readonly classes: number;
}

/** The complete run of one rule: the core's own defaults, then whatever the reader has set. */
export function runConfig(
  config: PageConfig,
  rule: RuleInfo,
  base: RunConfig,
  shape: DataShape,
): RunConfig {
  const task = taskOf(config);
  const hidden = settingOf(config, "hidden");
  const output = task === "autoencoder" ? shape.inputs : shape.classes;
  const set = config.set;
  const own: Partial<RunConfig> = {};
  if (set.init !== undefined) own.init = set.init;
  // A setting is applied to the rules it means something for; the others keep their own.
  if (set.optimizer !== undefined && rule.id !== "matched") own.optimizer = set.optimizer;
  if (set.feedback !== undefined && (rule.regresses ?? rule.learns_feedback))
    own.feedback = set.feedback;
  if (set.difference !== undefined) own.difference = set.difference;
  if (set.noise !== undefined && !(set.noise === "activations" && rule.perturbs === true)) {
    own.noise = set.noise;
  }
  if (set.freeze !== undefined) own.freeze_forward = set.freeze;
  if (set.evaluate !== undefined) own.evaluate = set.evaluate;
  if (set.initSeed !== undefined) own.init_seed = set.initSeed;
  if (set.warmup !== undefined) own.warmup = warmupOf(config, rule);
  return {
    ...base,
    ...own,
    task,
    rule: rule.id,
    sizes: [shape.inputs, ...hidden, output],
    activations:
      hidden.length + 1 === base.activations.length
        ? base.activations
        : activationsFor(task, hidden),
    batch: settingOf(config, "batch"),
    seed: settingOf(config, "seed"),
    probe: settingOf(config, "probe"),
    ...config.rates[rule.id],
  };
}

/** Their B follows the learning of W and does nothing while W waits. */
const WITHOUT_WARMUP: readonly string[] = ["matched", "sign"];

/**
 * Iterations in which only B learns. The default is the paper's and belongs to node perturbation; a
 * warm-up that the reader sets holds for every rule whose B can learn by itself.
 */
export function warmupOf(config: PageConfig, rule: RuleInfo): number {
  const fits = rule.learns_feedback && !WITHOUT_WARMUP.includes(rule.id);
  const meant = config.set.warmup !== undefined || rule.perturbs === true;
  return fits && meant ? settingOf(config, "warmup") : 0;
}

/** The paper's choice carried over to another depth: the code layer linear, the rest as printed. */
function activationsFor(task: Task, hidden: readonly number[]): RunConfig["activations"] {
  const narrowest = hidden.indexOf(Math.min(...hidden));
  if (task === "classifier") return [...hidden.map(() => "sigmoid" as const), "identity"];
  return [...hidden.map((_, i) => (i === narrowest ? "identity" : "tanh")), "relu"];
}
