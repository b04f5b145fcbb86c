/**
 * The address of a configuration: `v=1&task=classifier&rules=np,bp&seed=7&np.eta_w=2e-4`.
 *
 * Reading treats every byte as hostile: lengths are bounded, numbers are matched before they are
 * parsed, values out of range are clamped, and whatever was not taken as written is reported so that
 * the page can say it. Writing leaves out defaults but always carries the seed.
 */
import {
  EMPTY_CONFIG,
  type PageConfig,
  SETTING_KEYS,
  SETTINGS,
  type Setting,
  type SettingKey,
  type Settings,
  settingHyper,
  settingOf,
  withRate,
  withSetting,
} from "./config";
import type { HyperInfo, RuleInfo } from "./engine/protocol";

export const URL_VERSION = 1;
/** Longest address read, in characters; a real one has a few hundred. */
const MAX_LENGTH = 4096;
/** Keys that belong to the page rather than to the configuration. */
const PAGE_KEYS: readonly string[] = [
  "v",
  "data",
  "theme",
  "preset",
  "seeds",
  "steps",
  "own",
  "levels",
  "at",
];
const NUMBER = /^[+-]?(\d{1,17}\.?\d{0,17}|\.\d{1,17})(e[+-]?\d{1,3})?$/i;

export type UrlProblem =
  | { readonly kind: "too-long" }
  | { readonly kind: "version"; readonly given: string }
  | { readonly kind: "unknown"; readonly key: string }
  | { readonly kind: "repeated"; readonly key: string }
  | {
      readonly kind: "invalid";
      readonly key: string;
      readonly given: string;
      readonly used: string;
    }
  | {
      readonly kind: "clamped";
      readonly key: string;
      readonly given: string;
      readonly used: string;
    };

export interface Decoded {
  readonly config: PageConfig;
  readonly problems: readonly UrlProblem[];
}

/** `1e-4` rather than `0.0001`, and never more digits than the number has. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e6) return String(value);
  if (Number.isInteger(value) && magnitude <= Number.MAX_SAFE_INTEGER) return String(value);
  return value.toExponential().replace("e+", "e");
}

function format(key: SettingKey, value: Settings[SettingKey]): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return value === "" ? "default" : value;
  return value.join(SETTINGS[key].kind === "rules" ? "," : "-");
}

export function encodeConfig(config: PageConfig): string {
  const parts = [`v=${URL_VERSION}`];
  for (const key of SETTING_KEYS) {
    if (config.set[key] === undefined && key !== "seed") continue;
    parts.push(`${SETTINGS[key].url}=${encodeURIComponent(format(key, settingOf(config, key)))}`);
  }
  for (const [rule, rates] of Object.entries(config.rates)) {
    for (const [key, value] of Object.entries(rates)) {
      parts.push(`${rule}.${key}=${formatNumber(value)}`);
    }
  }
  return parts.join("&").replaceAll("%2C", ",");
}

export function decodeConfig(text: string, rules: readonly RuleInfo[]): Decoded {
  const problems: UrlProblem[] = [];
  if (text.length > MAX_LENGTH) return { config: EMPTY_CONFIG, problems: [{ kind: "too-long" }] };
  const given = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(text.replace(/^[#?]/, ""))) {
    if (given.has(key)) problems.push({ kind: "repeated", key: clip(key) });
    else given.set(key, value);
  }
  const version = given.get("v");
  if (version !== undefined && version !== String(URL_VERSION)) {
    problems.push({ kind: "version", given: clip(version) });
  }
  let config = EMPTY_CONFIG;
  // The task first, because other defaults follow it.
  for (const key of SETTING_KEYS) {
    const raw = given.get(SETTINGS[key].url);
    if (raw === undefined) continue;
    given.delete(SETTINGS[key].url);
    config = readSetting(config, key, raw, rules, problems);
  }
  for (const [key, raw] of given) {
    if (PAGE_KEYS.includes(key)) continue;
    config = readRate(config, key, raw, rules, problems);
  }
  return { config, problems };
}

function readSetting<K extends SettingKey>(
  config: PageConfig,
  key: K,
  raw: string,
  rules: readonly RuleInfo[],
  problems: UrlProblem[],
): PageConfig {
  const setting: Setting = SETTINGS[key];
  const read = parse(setting, raw, rules);
  const used = read.value === undefined ? settingOf(config, key) : (read.value as Settings[K]);
  if (read.problem !== null) {
    problems.push({
      kind: read.problem,
      key: setting.url,
      given: clip(raw),
      used: format(key, used),
    });
  }
  return read.value === undefined ? config : withSetting(config, key, used);
}

interface Parsed {
  readonly value: unknown;
  readonly problem: "invalid" | "clamped" | null;
}

const INVALID: Parsed = { value: undefined, problem: "invalid" };

function parse(setting: Setting, raw: string, rules: readonly RuleInfo[]): Parsed {
  switch (setting.kind) {
    case "choice":
      return setting.options.includes(raw) ? { value: raw, problem: null } : INVALID;
    case "flag":
      return raw === "1" || raw === "0" ? { value: raw === "1", problem: null } : INVALID;
    case "number":
      return parseNumber(raw, setting.min, setting.max, setting.integer);
    case "rules":
      return parseRules(raw, rules);
    case "rule":
      return rules.some(({ id }) => id === raw) ? { value: raw, problem: null } : INVALID;
    case "widths":
      return parseWidths(raw, setting.max, setting.maxLayers);
  }
}

export function parseNumber(raw: string, min: number, max: number, integer: boolean): Parsed {
  const text = raw.trim();
  if (!NUMBER.test(text)) return INVALID;
  const wanted = integer ? Math.round(Number(text)) : Number(text);
  if (!Number.isFinite(wanted)) return INVALID;
  const value = Math.min(max, Math.max(min, wanted));
  return { value, problem: value === Number(text) ? null : "clamped" };
}

function parseRules(raw: string, rules: readonly RuleInfo[]): Parsed {
  const wanted = raw.split(",").slice(0, 32);
  const known = [...new Set(wanted)].filter((id) => rules.some((rule) => rule.id === id));
  if (known.length === 0) return INVALID;
  return { value: known, problem: known.length === wanted.length ? null : "clamped" };
}

/** "200-2-200", also with commas or spaces; used by the text field as well. */
export function parseWidths(raw: string, max: number, maxLayers: number): Parsed {
  const parts = raw.trim().split(/[\s,–-]+/);
  if (raw.length > 64 || !parts.every((part) => /^\d{1,6}$/.test(part))) return INVALID;
  const wanted = parts.map(Number);
  const value = wanted.slice(0, maxLayers).map((n) => Math.min(max, Math.max(1, n)));
  return { value, problem: String(value) === String(wanted) ? null : "clamped" };
}

function readRate(
  config: PageConfig,
  key: string,
  raw: string,
  rules: readonly RuleInfo[],
  problems: UrlProblem[],
): PageConfig {
  const dot = key.lastIndexOf(".");
  const rule = rules.find((r) => r.id === key.slice(0, dot));
  const hyper = rule === undefined ? undefined : hyperOf(rule, key.slice(dot + 1));
  if (rule === undefined || hyper === undefined) {
    problems.push({ kind: "unknown", key: clip(key) });
    return config;
  }
  const read = parseNumber(raw, hyper.min, hyper.max, false);
  const value = typeof read.value === "number" ? read.value : null;
  if (read.problem !== null) {
    const used = value === null ? "default" : formatNumber(value);
    problems.push({ kind: read.problem, key, given: clip(raw), used });
  }
  return value === null ? config : withRate(config, rule.id, hyper.key, value);
}

/** A rule's own range for a rate, or that of a setting which gives the rate to every rule. */
export function hyperOf(rule: RuleInfo, key: string): HyperInfo | undefined {
  return rule.hypers.find((hyper) => hyper.key === key) ?? settingHyper(key);
}

/** Foreign text shown back to the reader is short and has no control characters. */
export function clip(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  const plain = text.replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, "?");
  return plain.length > 40 ? `${plain.slice(0, 39)}…` : plain;
}
