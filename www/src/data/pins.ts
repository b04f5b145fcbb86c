/**
 * A pinned run: its curves and settings, kept to be drawn behind later ones. Kept in the browser as JSON text,
 * which is read back as something hostile. No DOM.
 */
import {
  type PageConfig,
  SETTING_KEYS,
  SETTINGS,
  type SettingKey,
  settingOf,
  taskOf,
} from "../config";
import { decodeConfig, encodeConfig, formatNumber } from "../config-url";
import type { HyperKey, Metrics, RuleInfo, Task } from "../engine/protocol";
import { SETTING_TEXT } from "../messages";
import { C } from "../messages/lab";
import { checkedHistory } from "./run-file";

/** More than this nobody tells apart. */
export const MAX_PINS = 6;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MAX_TEXT = 40_000_000;

export interface PinnedRule {
  readonly rule: string;
  readonly frames: readonly Metrics[];
}

export interface Pin {
  readonly letter: string;
  readonly config: PageConfig;
  readonly digits: string;
  /** Iterations of the foremost rule. */
  readonly steps: number;
  readonly rules: readonly PinnedRule[];
}

export function freeLetter(pins: readonly Pin[]): string {
  return [...LETTERS].find((letter) => !pins.some((pin) => pin.letter === letter)) ?? "Z";
}

export function packPin(pin: Pin): string {
  const { letter, config, digits, rules } = pin;
  const history = Object.fromEntries(rules.map(({ rule, frames }) => [rule, frames]));
  return JSON.stringify({ letter, settings: encodeConfig(config), digits, history });
}

/** Null when it is not what a page has written. */
export function unpackPin(text: unknown, known: readonly RuleInfo[]): Pin | null {
  if (typeof text !== "string" || text.length > MAX_TEXT) return null;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof read !== "object" || read === null) return null;
  const { letter, settings, digits, history } = read as Record<string, unknown>;
  if (typeof letter !== "string" || letter.length !== 1 || !LETTERS.includes(letter)) return null;
  if (typeof settings !== "string" || typeof digits !== "string" || digits.length > 200)
    return null;
  if (typeof history !== "object" || history === null) return null;
  const ids = Object.keys(history).filter((id) => known.some((rule) => rule.id === id));
  const clean = checkedHistory(history, new Set(ids));
  if (clean === null || ids.length === 0) return null;
  const rules = ids.map((rule) => ({ rule, frames: clean[rule] ?? [] }));
  const { config } = decodeConfig(settings, known);
  return { letter, config, digits, rules, steps: stepsOf(rules) };
}

/** Points of a pinned curve: as many as a chart has pixels, nearly. */
const MOST = 400;

/** At most `MOST` of a rule's measurements: evenly, with the last and the best one. */
export function thinned(frames: readonly Metrics[]): readonly Metrics[] {
  if (frames.length <= MOST) return frames;
  const best = frames.reduce((a, b) => (b.test_loss < a.test_loss ? b : a));
  const last = frames.length - 1;
  const kept = new Set(
    Array.from({ length: MOST - 1 }, (_, i) => Math.round((i * last) / (MOST - 2))),
  );
  return frames.filter((m, i) => kept.has(i) || m === best);
}

export function stepsOf(rules: readonly PinnedRule[]): number {
  return Math.max(0, ...rules.map(({ frames }) => frames.at(-1)?.step ?? 0));
}

export function taskOfPin(pin: Pin): Task {
  return taskOf(pin.config);
}

/** Settings that do not change what a run computes. */
const ASIDE: readonly SettingKey[] = [
  "rules",
  "task",
  "compute",
  "interval",
  "budget",
  "stop",
  "target",
];

/** "seed 7", "c_h of NP 0.05": what is otherwise in `a` than in `b`. */
export function differences(a: PageConfig, b: PageConfig, rules: readonly RuleInfo[]): string[] {
  const texts: string[] = [];
  for (const key of SETTING_KEYS) {
    if (SETTINGS[key].group === "view" || ASIDE.includes(key)) continue;
    const own = settingOf(a, key);
    if (String(own) === String(settingOf(b, key))) continue;
    const { label, options } = SETTING_TEXT[key];
    const words =
      typeof own === "boolean"
        ? own
          ? C.pins.yes
          : C.pins.no
        : typeof own === "number"
          ? formatNumber(own)
          : Array.isArray(own)
            ? own.join("-")
            : (options?.[String(own)] ?? String(own)).toLowerCase();
    texts.push(`${label.toLowerCase()} ${words}`);
  }
  const shown = new Set(settingOf(a, "rules"));
  for (const rule of rules) {
    if (!shown.has(rule.id)) continue;
    const [own, other] = [a.rates[rule.id] ?? {}, b.rates[rule.id] ?? {}];
    const keys = new Set([...Object.keys(own), ...Object.keys(other)]) as Set<HyperKey>;
    for (const key of keys) {
      if (own[key] === other[key]) continue;
      const label = rule.hypers.find((hyper) => hyper.key === key)?.label ?? key;
      const value = own[key];
      texts.push(
        `${label} of ${rule.short} ${value === undefined ? C.pins.byDefault : formatNumber(value)}`,
      );
    }
  }
  return texts;
}

export interface Finals {
  readonly steps: number;
  readonly loss: number | null;
  readonly best: number | null;
  readonly accuracy: number | null;
}

export function finals(frames: readonly Metrics[]): Finals {
  const last = frames.at(-1);
  const losses = frames.map((m) => m.test_loss).filter(Number.isFinite);
  return {
    steps: last?.step ?? 0,
    loss: last?.test_loss ?? null,
    best: losses.length > 0 ? losses.reduce((a, b) => Math.min(a, b)) : null,
    accuracy: last?.test_accuracy ?? null,
  };
}
