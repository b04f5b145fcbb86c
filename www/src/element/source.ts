/**
 * What the author of a page has asked for: attributes of `<credit-lab>`, or the address of the frame, which
 * takes the same names. Every byte is hostile. The settings are those of config.ts, read by config-url.ts;
 * what is not taken as written is reported in words.
 */
import { type PageConfig, SETTING_KEYS, SETTINGS } from "../config";
import { clip, decodeConfig, encodeConfig } from "../config-url";
import { FIGURES } from "../figures";
import { M } from "../messages";
import { E } from "../messages/element";
import type { LabView } from "../views/lab";
import { readOrigin } from "./origin";
import { type PresetSource, presetConfig, presetIds } from "./presets";

export const THEMES = ["auto", "light", "dark"] as const;

/** Controls that `controls=` can name; they stand on parts of the instrument (data-control, data-controls). */
export const CONTROLS = [
  "run",
  "step",
  "reset",
  "speed",
  "layer",
  "curves",
  "task",
  "rules",
  "rates",
  "seed",
  "device",
  "settings",
  "panels",
  "export",
] as const;

/** Names that belong to the element rather than to the run. */
export const OWN = [
  "params",
  "preset",
  "autoplay",
  "controls",
  "figures",
  "theme",
  "lang",
  "parent",
] as const;

/** What the address of the simulator's own page can say beside these. */
const ELSEWHERE = ["data", "seeds", "steps"];

/** HTML has an attribute `hidden` of its own. */
const HIDDEN_LAYERS = "hidden-layers";

/** Longest value read, in characters; a real one has a few hundred at most. */
const MAX_VALUE = 4096;
const LANGUAGES = ["en"];

export interface Source {
  readonly config: PageConfig;
  readonly view: LabView;
  readonly autoplay: boolean;
  /** Sentences for the reader. */
  readonly problems: readonly string[];
}

export type Given = ReadonlyMap<string, string>;

/** Attributes that mean the same on every element, and those of scripts and tools. */
const GLOBAL =
  /^(aria-.*|data-.*|on.*|item.*|accesskey|autocapitalize|autofocus|class|contenteditable|dir|draggable|enterkeyhint|exportparts|hidden|id|inert|inputmode|is|nonce|part|popover|role|slot|spellcheck|style|tabindex|title|translate|xmlns)$/;

/** The element's attributes that are meant for the simulator. */
export function givenBy(
  attributes: Iterable<{ name: string; value: string }>,
): Map<string, string> {
  const given = new Map<string, string>();
  for (const { name, value } of attributes) {
    if (!GLOBAL.test(name)) given.set(name === HIDDEN_LAYERS ? "hidden" : name, value);
  }
  return given;
}

export function readSource(attributes: Given, core: PresetSource): Source {
  const problems: string[] = [];
  const given = unfold(attributes, problems);
  const { params, config: start } = start_(given, core, problems);
  const decoded = decodeConfig(params, core.rules);
  problems.push(...decoded.problems.map(M.url.problem));
  for (const key of ELSEWHERE) {
    if (given.has(key)) problems.push(M.url.problem({ kind: "unknown", key }));
  }
  const parent = given.get("parent");
  if (parent !== undefined && readOrigin(parent) === null) problems.push(E.badParent(clip(parent)));
  choice("theme", given, THEMES, problems);
  language(given, problems);
  return {
    config: params === "" ? start : decoded.config,
    view: {
      controls: list("controls", given, CONTROLS, problems),
      figures: list(
        "figures",
        given,
        FIGURES.map(({ id }) => id),
        problems,
      ),
    },
    autoplay: flag("autoplay", given, problems),
    problems,
  };
}

/** Puts the names inside `params` beside the attributes, which win. */
function unfold(attributes: Given, problems: string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (const [key, value] of attributes) {
    if (value.length > MAX_VALUE) problems.push(E.tooLong(clip(key)));
    else given.set(key, value);
  }
  const params = given.get("params");
  given.delete("params");
  if (params === undefined) return given;
  for (const [name, value] of new URLSearchParams(params.replace(/^[?#]/, ""))) {
    const key = name === HIDDEN_LAYERS ? "hidden" : name;
    if (!given.has(key)) given.set(key, value);
  }
  return given;
}

/** The preset's configuration with what was given on top, as an address. */
function start_(
  given: Given,
  core: PresetSource,
  problems: string[],
): { params: string; config: PageConfig } {
  const id = given.get("preset");
  const preset = id === undefined ? null : presetConfig(id, core);
  if (id !== undefined && preset === null) {
    problems.push(E.unknownPreset(clip(id), presetIds(core.presets).join(", ")));
  }
  const params = new URLSearchParams(preset === null ? "" : encodeConfig(preset));
  if (preset !== null && preset.set.seed === undefined) params.delete("seed");
  const task = given.get(SETTINGS.task.url);
  if (task !== undefined && task !== params.get(SETTINGS.task.url)) {
    // Another task than the preset's: its network and rates mean nothing there.
    for (const key of [...params.keys()]) params.delete(key);
  }
  for (const [key, value] of given) {
    if (!(OWN as readonly string[]).includes(key)) params.set(key, value);
  }
  return { params: params.toString(), config: preset ?? { set: {}, rates: {} } };
}

function choice(key: string, given: Given, known: readonly string[], problems: string[]): void {
  const value = given.get(key);
  if (value !== undefined && !known.includes(value)) {
    problems.push(E.badChoice(key, clip(value), known.join(", ")));
  }
}

function language(given: Given, problems: string[]): void {
  const value = given.get("lang");
  const primary = value?.toLowerCase().split("-")[0] ?? "";
  if (primary !== "" && !LANGUAGES.includes(primary)) {
    problems.push(E.badChoice("lang", clip(value ?? ""), LANGUAGES.join(", ")));
  }
}

function flag(key: string, given: Given, problems: string[]): boolean {
  const value = given.get(key);
  if (value === undefined || value === "0" || value === "false") return false;
  if (value !== "" && value !== "1" && value !== "true" && value !== key) {
    problems.push(E.badChoice(key, clip(value), "1, 0"));
    return false;
  }
  return true;
}

/** "a,b"; null for all of them, which is also what "all" and no attribute mean. */
function list(
  key: string,
  given: Given,
  known: readonly string[],
  problems: string[],
): ReadonlySet<string> | null {
  const value = given.get(key);
  if (value === undefined || value === "all") return null;
  const names = value.split(/[\s,]+/).filter((name) => name !== "" && name !== "none");
  const wrong = names.filter((name) => !known.includes(name));
  if (wrong.length > 0) {
    problems.push(E.unknownPart(key, clip(wrong.join(", ")), known.join(", ")));
  }
  const right = names.filter((name) => known.includes(name));
  // Nothing but mistakes: better everything than an empty box.
  return right.length === 0 && wrong.length > 0 ? null : new Set(right);
}

/** True for a name that an address or a message may set on the element. */
export function isName(name: string): boolean {
  return (
    name === HIDDEN_LAYERS ||
    (OWN as readonly string[]).includes(name) ||
    SETTING_KEYS.some((key) => SETTINGS[key].url === name && name !== "hidden") ||
    /^[a-z]{1,12}(-[a-z]{1,12})?\.[a-z_]{1,20}$/.test(name)
  );
}
