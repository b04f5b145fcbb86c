/** Properties of reading an address that hold for any text; thousands of them, the same at every run. */
import { describe, expect, it } from "vitest";
import { SETTING_KEYS, SETTINGS, settingOf } from "./config";
import { decodeConfig, encodeConfig, parseNumber, type UrlProblem } from "./config-url";
import { folderUrl } from "./data/remote";
import { MAX_STEPS, readAddress } from "./experiments/address";
import { RULES } from "./testing/fake";
import { Chance } from "./testing/random";

const TEXTS = 4000;

const PIECES: readonly string[] = [
  ...["", "1", "0", "-1", "2.5", "1e-4", "1e999", "-1e999", "NaN", "Infinity", "0x10", "1_000"],
  ...["٣", "9".repeat(400), ".", "e", "1e", "+", "--1", "200-2-200", "0-0", "1,2,3", "true"],
  ...["np", "bp", "np,bp", "np,np", "zz", ",", "classifier", "ridge", "auto"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "length"],
  ...["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)"],
  ...["\u0000", "\u202e", "\ud800", "%", "%zz", "%00", "%E0%A4%A", "&", "=", "#", "?", ";", "\n"],
  ...["https://example.org/mnist/", "//evil.example", "data:text/html,x", "../../", "😀"],
];

const keys: readonly string[] = [
  ...SETTING_KEYS.map((key) => SETTINGS[key].url),
  ...RULES.flatMap((rule) => rule.hypers.map((hyper) => `${rule.id}.${hyper.key}`)),
  ...["v", "data", "theme", "preset", "seeds", "steps"],
];

function word(chance: Chance): string {
  const kind = chance.below(10);
  if (kind < 6) return chance.one(PIECES);
  if (kind < 8) return chance.many(4, () => chance.one(PIECES)).join("");
  const any = (): string => String.fromCodePoint(chance.below(0x10ffff));
  return chance.many(60, any).join("");
}

function key(chance: Chance): string {
  const kind = chance.below(8);
  if (kind < 5) return chance.one(keys);
  if (kind === 5) return `${chance.one(keys)}.${word(chance)}`;
  if (kind === 6) return `${word(chance)}.${chance.one(keys)}`;
  return word(chance);
}

function address(chance: Chance): string {
  const raw = chance.below(3) === 0;
  const escaped = (text: string): string => {
    if (raw) return text;
    try {
      return encodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const parts = chance.many(12, () => `${escaped(key(chance))}=${escaped(word(chance))}`);
  return `${chance.one(["", "#", "?", "&&", "v=1&"])}${parts.join(chance.one(["&", "&", "&", ";", "&&"]))}`;
}

const shown = (problem: UrlProblem): string[] =>
  Object.values(problem).filter((text) => typeof text === "string");

/** As `expect`, which takes half a minute for a few hundred thousand calls. */
function must(holds: boolean, what: string, text: string): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(text)}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come through
const UNSEEN = /[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/;

describe("any address", () => {
  it("becomes a configuration within its bounds, which reads back as itself", () => {
    const chance = new Chance(1);
    let clean = 0;
    for (let i = 0; i < TEXTS; i++) {
      const text = address(chance);
      const { config, problems } = decodeConfig(text, RULES);
      for (const name of SETTING_KEYS) {
        const setting = SETTINGS[name];
        const value = settingOf(config, name);
        if (setting.kind === "number") {
          const inside = typeof value === "number" && value >= setting.min && value <= setting.max;
          must(inside, `${name} = ${value}`, text);
        }
        if (setting.kind === "choice")
          must((setting.options as readonly unknown[]).includes(value), name, text);
        if (setting.kind === "rule")
          must(value === "" || RULES.some(({ id }) => id === value), `${name} = ${value}`, text);
        if (setting.kind === "flag") must(typeof value === "boolean", name, text);
      }
      for (const [id, rates] of Object.entries(config.rates)) {
        must(
          RULES.some((known) => known.id === id),
          `a rate of ${id}`,
          text,
        );
        must(Object.values(rates).every(Number.isFinite), `the rates of ${id}`, text);
      }
      // What is said of it is short and says nothing in another direction or on another line.
      for (const words of problems.flatMap(shown)) {
        must(words.length <= 80 && !UNSEEN.test(words), `it is said ${words}`, text);
      }
      const again = decodeConfig(encodeConfig(config), RULES);
      must(again.problems.length === 0, "its own address has problems", text);
      must(encodeConfig(again.config) === encodeConfig(config), "it changes", text);
      if (problems.length === 0) clean++;
    }
    // The generator makes both kinds, or it tests little.
    expect(clean).toBeGreaterThan(TEXTS / 100);
    expect(clean).toBeLessThan(TEXTS / 2);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>).eta_w).toBeUndefined();
  });

  it("of any length is read at once", () => {
    const started = performance.now();
    for (const unit of ["a", "&", "=", "np.", "hidden=1-", "%", "1e", "<b>"]) {
      decodeConfig(unit.repeat(10_000_000 / unit.length), RULES);
      decodeConfig(`hidden=${unit.repeat(1000)}`, RULES);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("asks for data from https or its own site only, without a password", () => {
    const chance = new Chance(2);
    for (let i = 0; i < TEXTS; i++) {
      const url = folderUrl(word(chance), "http://127.0.0.1:8000/lab/");
      if (url === null) continue;
      must(url.protocol === "https:" || url.origin === "http://127.0.0.1:8000", "goes", url.href);
      must(url.username + url.password + url.search + url.hash === "", "carries", url.href);
    }
  });

  it("opens an experiment that exists, in a size that ends, or none", () => {
    const chance = new Chance(3);
    for (let i = 0; i < TEXTS; i++) {
      const given = new Map(["seeds", "steps", "own", "levels"].map((n) => [n, word(chance)]));
      given.set("preset", chance.one(["fig2", "own", word(chance)]));
      const { wanted } = readAddress(
        (name) => given.get(name) ?? null,
        [
          { id: "fig2", seeds: 5 },
          { id: "own", seeds: 3 },
        ],
      );
      const { preset = "own", seeds = 1, steps = 1 } = wanted ?? {};
      must(["fig2", "own"].includes(preset), "opens", preset);
      must((seeds ?? 1) >= 1 && (seeds ?? 1) <= 5, "seeds", String(seeds));
      must((steps ?? 1) >= 1 && (steps ?? 1) <= MAX_STEPS, "steps", String(steps));
    }
  });

  it("with a number in it gives a number in range, or none", () => {
    const chance = new Chance(4);
    for (let i = 0; i < TEXTS; i++) {
      const { value } = parseNumber(word(chance), -2, 7, chance.below(2) === 0);
      must(
        value === undefined || (Number(value) >= -2 && Number(value) <= 7),
        "gives",
        String(value),
      );
    }
  });
});
