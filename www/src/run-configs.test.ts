import { describe, expect, it } from "vitest";
import { EMPTY_CONFIG, settingOf, withRate, withSetting } from "./config";
import type { RuleInfo } from "./engine/protocol";
import { RunConfigs } from "./run-configs";
import { Store } from "./store";
import { baseConfig, FakeClock, fakeCore, rule } from "./testing/fake";

/** NP as in the core, where it has two rates. */
function withTwoRates(): RuleInfo[] {
  const [eta_w] = rule("np").hypers;
  if (eta_w === undefined) throw new Error("the rule has no rate");
  const hypers = [eta_w, { ...eta_w, key: "eta_b" as const, label: "eta_B" }];
  return [rule("np", { hypers }), rule("bp")];
}

function setup(): { store: Store; configs: RunConfigs } {
  const { core } = fakeCore(new FakeClock(), () => ({ stepMs: 1, metricsMs: 1 }));
  const store = new Store(withTwoRates(), {
    phase: "empty",
    suspended: false,
    iteration: 0,
    perSecond: null,
    elapsedMs: 0,
    etaMs: null,
    lanes: [],
  });
  return { store, configs: new RunConfigs(core, store) };
}

describe("what a change of configuration means", () => {
  it("is nothing to wait for while nothing differs, or only what can change live", () => {
    const { store, configs } = setup();
    expect(configs.anyWaiting).toBe(false);
    store.config = withRate(withSetting(EMPTY_CONFIG, "interval", 7), "np", "eta_w", 1e-3);
    expect(configs.anyWaiting).toBe(false);
  });

  it("names what waits, and takes only that back", () => {
    const { store, configs } = setup();
    store.built = withSetting(EMPTY_CONFIG, "batch", 16);
    store.config = withSetting(withSetting(store.built, "batch", 64), "interval", 7);
    expect(configs.waiting()).toEqual({ settings: ["batch"], ridges: [] });
    const kept = configs.withoutWaiting(store.config);
    expect(settingOf(kept, "batch")).toBe(16);
    expect(settingOf(kept, "interval")).toBe(7);
  });

  it("returns a rate to its default when it is no longer set", () => {
    const { configs } = setup();
    const before = withRate(EMPTY_CONFIG, "np", "eta_w", 1e-2);
    expect(configs.rateChanges("np", EMPTY_CONFIG, before)).toEqual({ eta_w: 1e-2 });
    const back = configs.rateChanges("np", before, EMPTY_CONFIG);
    expect(back).toEqual({ eta_w: baseConfig("np").eta_w });
    expect(configs.rateChanges("np", before, before)).toBeNull();
    expect(configs.rateChanges("bp", EMPTY_CONFIG, before)).toBeNull();
  });

  it("suspects the rate that was raised most", () => {
    const { store, configs } = setup();
    const { eta_w, eta_b } = baseConfig("np");
    store.config = withRate(
      withRate(EMPTY_CONFIG, "np", "eta_w", 2 * eta_w),
      "np",
      "eta_b",
      80 * eta_b,
    );
    const { key, rate } = configs.lowerRate("np");
    expect(key).toBe("eta_b");
    expect(rate).toBeCloseTo(20 * eta_b, 12);
  });
});
