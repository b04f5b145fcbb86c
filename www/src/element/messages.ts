/**
 * What frame and embedding page say to each other by postMessage. Whatever comes in is hostile: it is
 * either one of the commands below, within bounds, or nothing.
 */
import { isName } from "./source";

export const PREFIX = "credit-lab:";

export type Command =
  | { readonly type: "run" | "pause" | "reset" | "state" }
  | { readonly type: "step"; readonly n: number }
  /** Attributes to change; null removes one. */
  | { readonly type: "set"; readonly attributes: ReadonlyMap<string, string | null> };

/** Attributes in one message, and characters in a value. */
const MOST_ATTRIBUTES = 32;
const MOST_CHARACTERS = 1024;
const MOST_STEPS = 1_000_000;
/** What a frame decides by its address alone. */
const FIXED = ["params", "parent"];

/** Null for everything that is not a command of ours. */
export function readCommand(data: unknown): Command | null {
  if (!isPlain(data)) return null;
  const { type } = data;
  if (typeof type !== "string" || type.length > 40 || !type.startsWith(PREFIX)) return null;
  const name = type.slice(PREFIX.length);
  switch (name) {
    case "run":
    case "pause":
    case "reset":
    case "state":
      return has(data, ["type"]) ? { type: name } : null;
    case "step": {
      const n = data.n ?? 1;
      const fits = typeof n === "number" && Number.isSafeInteger(n) && n >= 1 && n <= MOST_STEPS;
      return fits && has(data, ["type", "n"]) ? { type: "step", n } : null;
    }
    case "set":
      return has(data, ["type", "attributes"]) ? readSet(data.attributes) : null;
    default:
      return null;
  }
}

function readSet(given: unknown): Command | null {
  if (!isPlain(given)) return null;
  const entries = Object.entries(given);
  if (entries.length === 0 || entries.length > MOST_ATTRIBUTES) return null;
  const attributes = new Map<string, string | null>();
  for (const [name, value] of entries) {
    if (!isName(name) || FIXED.includes(name)) return null;
    if (value !== null && (typeof value !== "string" || value.length > MOST_CHARACTERS))
      return null;
    attributes.set(name, value);
  }
  return { type: "set", attributes };
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function has(data: Record<string, unknown>, allowed: readonly string[]): boolean {
  return Object.keys(data).every((key) => allowed.includes(key));
}
