/** `preset=fig2&seeds=3&steps=20000`: an experiment in the address. Every byte of it is hostile. */
import { parseNumber } from "../config-url";

/** Longest run that the page takes on, in steps: the paper's longest is two millions. */
export const MAX_STEPS = 10_000_000;
/** The paper's most. */
export const MAX_SEEDS = 10;

export interface Wanted {
  readonly preset: string;
  /** Null: not given. */
  readonly seeds: number | null;
  readonly steps: number | null;
  /** A comparison of the reader's own: its settings and levels of noise, as written. */
  readonly own?: { readonly own: string; readonly levels: string };
}

export interface ReadAddress {
  readonly wanted: Wanted | null;
  /** What was not taken as written. */
  readonly problems: readonly AddressProblem[];
}

export interface AddressProblem {
  readonly key: "preset" | "seeds" | "steps";
  readonly given: string;
  /** Null: ignored. */
  readonly used: number | null;
}

/** `maxSeeds`: the paper's number of runs for that experiment. */
export function readAddress(
  param: (name: string) => string | null,
  known: readonly { readonly id: string; readonly seeds: number }[],
): ReadAddress {
  const given = param("preset");
  if (given === null) return { wanted: null, problems: [] };
  const preset = known.find(({ id }) => id === given);
  if (preset === undefined) {
    return { wanted: null, problems: [{ key: "preset", given: clip(given), used: null }] };
  }
  const problems: AddressProblem[] = [];
  const number = (key: "seeds" | "steps", max: number): number | null => {
    const raw = param(key);
    if (raw === null) return null;
    const read = parseNumber(raw, 1, max, true);
    const used = typeof read.value === "number" ? read.value : null;
    if (read.problem !== null) problems.push({ key, given: clip(raw), used });
    return used;
  };
  const seeds = number("seeds", Math.min(preset.seeds, MAX_SEEDS));
  const steps = number("steps", MAX_STEPS);
  const own = preset.id === "own" ? param("own") : null;
  const wanted = { preset: preset.id, seeds, steps };
  if (own === null) return { wanted, problems };
  return { wanted: { ...wanted, own: { own, levels: param("levels") ?? "" } }, problems };
}

/** The query part with the experiment in it, or without one. */
export function writeAddress(query: string, wanted: Wanted | null): string {
  const params = new URLSearchParams(query);
  for (const key of ["preset", "seeds", "steps", "own", "levels"]) params.delete(key);
  if (wanted !== null) {
    params.set("preset", wanted.preset);
    if (wanted.seeds !== null) params.set("seeds", String(wanted.seeds));
    if (wanted.steps !== null) params.set("steps", String(wanted.steps));
    for (const [key, value] of Object.entries(wanted.own ?? {})) params.set(key, value);
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

function clip(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?");
  return plain.length > 40 ? `${plain.slice(0, 39)}…` : plain;
}
