/**
 * The paper's experiments as configurations of one instrument. An experiment runs several arms side by
 * side, an instrument one run a rule: of the arms of one rule, the one nearest to the rule's defaults stays.
 */
import {
  EMPTY_CONFIG,
  hypersOf,
  type PageConfig,
  type Settings,
  settingOf,
  withRate,
  withSetting,
} from "../config";
import type { Core, RuleInfo, RunConfig, Task } from "../engine/protocol";
import type { Preset, PresetArm } from "../experiments/binding";

/** What has to be known of the core to read a preset. */
export interface PresetSource {
  readonly presets: readonly Preset[];
  readonly rules: readonly RuleInfo[];
  readonly defaultConfig: Core["defaultConfig"];
}

/** Experiments on digits with the two networks of the page. */
export function presetIds(presets: readonly Preset[]): string[] {
  return presets.filter(fits).map(({ id }) => id);
}

function fits(preset: Preset): boolean {
  return preset.data === "mnist" && preset.arms.every(({ config }) => isTask(config.task));
}

const isTask = (task: string): task is Task => task === "autoencoder" || task === "classifier";

/** Null when there is no such preset. */
export function presetConfig(id: string, source: PresetSource): PageConfig | null {
  const preset = source.presets.find((p) => p.id === id && fits(p));
  if (preset === undefined) return null;
  const arms = armsOf(preset, source);
  const first = arms[0];
  if (first === undefined) return null;
  let config = withSetting(EMPTY_CONFIG, "task", first.config.task);
  config = withSetting(
    config,
    "rules",
    arms.map((arm) => arm.config.rule),
  );
  for (const key of SHARED) config = takeShared(config, key, arms, source.rules);
  for (const arm of arms) config = takeRates(config, arm.config, source);
  return config;
}

/** One arm a rule, in the order of the paper. */
export function armsOf(preset: Preset, source: PresetSource): PresetArm[] {
  const byRule = new Map<string, PresetArm>();
  const distance = ({ config }: PresetArm): number => {
    const base = source.defaultConfig(config.task, config.rule, config.optimizer);
    const differs = (key: keyof RunConfig): boolean => String(config[key]) !== String(base[key]);
    const keys = (Object.keys(base) as (keyof RunConfig)[]).filter((key) => key !== "seed");
    // Adam is a setting of all rules here, so an arm that alone uses it is not the rule's own.
    return keys.filter(differs).length + (config.optimizer === "adam" ? 100 : 0);
  };
  for (const arm of preset.arms) {
    const known = byRule.get(arm.config.rule);
    if (known === undefined || distance(arm) < distance(known)) byRule.set(arm.config.rule, arm);
  }
  return [...byRule.values()];
}

/** How a setting reads in a run's configuration. */
const READ = {
  hidden: (run: RunConfig) => run.sizes.slice(1, -1),
  init: (run: RunConfig) => run.init,
  batch: (run: RunConfig) => run.batch,
  optimizer: (run: RunConfig) => run.optimizer,
  feedback: (run: RunConfig) => run.feedback,
  difference: (run: RunConfig) => run.difference,
  noise: (run: RunConfig) => run.noise,
  warmup: (run: RunConfig) => run.warmup,
  freeze: (run: RunConfig) => run.freeze_forward,
  evaluate: (run: RunConfig) => run.evaluate ?? "clean",
  initSeed: (run: RunConfig) => run.init_seed ?? 0,
} satisfies { [K in keyof Settings]?: (run: RunConfig) => Settings[K] };

type Shared = keyof typeof READ;
const SHARED = Object.keys(READ) as Shared[];

/** A setting holds for all rules, so it is taken only where the arms agree on it. */
function takeShared(
  config: PageConfig,
  key: Shared,
  arms: readonly PresetArm[],
  rules: readonly RuleInfo[],
): PageConfig {
  // The warm-up belongs to rules that perturb; the others have none of their own.
  const perturbs = (id: string): boolean => rules.find((r) => r.id === id)?.perturbs === true;
  const own = key === "warmup" ? arms.filter(({ config: run }) => perturbs(run.rule)) : arms;
  const values = own.map((arm) => READ[key](arm.config));
  const value = values[0];
  if (value === undefined || values.some((other) => String(other) !== String(value))) return config;
  return String(value) === String(settingOf(config, key))
    ? config
    : withSetting(config, key, value as never);
}

function takeRates(config: PageConfig, run: RunConfig, source: PresetSource): PageConfig {
  const rule = source.rules.find(({ id }) => id === run.rule);
  if (rule === undefined) return config;
  const base = source.defaultConfig(run.task, run.rule, run.optimizer);
  return hypersOf(config, rule)
    .filter(({ key }) => run[key] !== base[key])
    .reduce((next, { key }) => withRate(next, run.rule, key, run[key]), config);
}
