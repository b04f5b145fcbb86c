/**
 * From the page's configuration to the core's: complete configurations of the rules' runs, and what a change
 * of the page's means for runs that there are: what they take up at once, and what waits for new ones.
 */
import {
  type DataShape,
  hypersOf,
  type PageConfig,
  ridgeWaits,
  runConfig,
  SETTING_KEYS,
  SETTINGS,
  settingOf,
  taskOf,
  withRate,
} from "./config";
import type {
  Core,
  DatasetHandle,
  HyperChanges,
  HyperKey,
  LiveKey,
  RunConfig,
} from "./engine/protocol";
import type { Store } from "./store";

/** Shape before the digits are here: MNIST's. */
const MNIST: DataShape = { inputs: 784, classes: 10 };
/** What "lower the rate" divides by: far enough to leave the unstable range in one or two clicks. */
const LOWER = 4;

/** What differs between a configuration and the present runs' and takes new runs. */
export interface Waiting {
  readonly settings: (keyof typeof SETTINGS)[];
  /** Rules whose ridge does. */
  readonly ridges: string[];
}

export class RunConfigs {
  private readonly known = new Map<string, RunConfig>();

  constructor(
    private readonly core: Core,
    private readonly store: Store,
  ) {}

  /** What the network's ends must match. */
  shape(): DataShape {
    const data: DatasetHandle | undefined = this.store.digits?.data;
    if (data === undefined) return MNIST;
    return { inputs: data.rows * data.cols * data.channels, classes: data.classes };
  }

  /** The paper's values for a rule, under this task and optimiser. */
  defaults(config: PageConfig, rule: string): RunConfig {
    const optimizer = rule === "matched" ? "sgd" : settingOf(config, "optimizer");
    const key = `${taskOf(config)}/${rule}/${optimizer}`;
    const known = this.known.get(key) ?? this.core.defaultConfig(taskOf(config), rule, optimizer);
    this.known.set(key, known);
    return known;
  }

  of(config: PageConfig, rule: string): RunConfig {
    const info = this.store.rule(rule);
    const base = this.defaults(config, rule);
    return info === undefined ? base : runConfig(config, info, base, this.shape());
  }

  waiting(config = this.store.config): Waiting {
    const { built, rules } = this.store;
    const differs = (key: keyof typeof SETTINGS): boolean =>
      String(settingOf(config, key)) !== String(settingOf(built, key));
    return {
      settings: SETTING_KEYS.filter((key) => SETTINGS[key].restart && differs(key)),
      ridges: ridgeWaits(built, config, rules),
    };
  }

  get anyWaiting(): boolean {
    const { settings, ridges } = this.waiting();
    return settings.length > 0 || ridges.length > 0;
  }

  /** `next`, but with the present runs' values where new ones would be needed. */
  withoutWaiting(next: PageConfig): PageConfig {
    const { built } = this.store;
    const { settings, ridges } = this.waiting(next);
    const set: Record<string, unknown> = { ...next.set };
    for (const key of settings) {
      delete set[key];
      const own = built.set[key];
      if (own !== undefined) set[key] = own;
    }
    return ridges.reduce(
      (config, rule) => withRate(config, rule, "gamma", built.rates[rule]?.gamma ?? null),
      { set: set as PageConfig["set"], rates: next.rates } as PageConfig,
    );
  }

  /** Rates of a rule that a run takes up at once; null where none differs. */
  rateChanges(rule: string, before: PageConfig, next: PageConfig): HyperChanges | null {
    const old = before.rates[rule] ?? {};
    const now = next.rates[rule] ?? {};
    const changes: HyperChanges = {};
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)]) as Set<HyperKey>) {
      if (!isLive(key)) continue;
      if (old[key] !== now[key]) changes[key] = now[key] ?? this.defaults(next, rule)[key];
    }
    return Object.keys(changes).length > 0 ? changes : null;
  }

  /** The rate that lies highest above its default, the likely culprit of a divergence, and a lower one. */
  lowerRate(rule: string): { key: HyperKey; label: string; rate: number } {
    const { config } = this.store;
    const info = this.store.rule(rule);
    const defaults = this.defaults(config, rule);
    const rates = (info === undefined ? [] : hypersOf(config, info))
      .filter(({ key }) => key === "eta_w" || key === "eta_b")
      .map(({ key, label }) => {
        const now = config.rates[rule]?.[key] ?? defaults[key];
        const rate = Number((now / LOWER).toPrecision(2));
        return { key, label, rate, ratio: now / defaults[key] };
      })
      .sort((a, b) => b.ratio - a.ratio);
    return rates[0] ?? { key: "eta_w", label: "η_W", rate: defaults.eta_w / LOWER };
  }
}

function isLive(key: HyperKey): key is LiveKey {
  return key !== "gamma";
}
