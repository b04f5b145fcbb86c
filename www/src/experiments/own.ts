/**
 * A reader's own comparison as an experiment: the simulator's settings, chosen rules, several levels of noise for
 * those that perturb. It has the shape of the paper's presets, so the same machinery runs it. No DOM.
 */
import { EMPTY_CONFIG, type PageConfig, settingOf, taskOf, withSetting } from "../config";
import { decodeConfig, encodeConfig, formatNumber, parseNumber } from "../config-url";
import { PROGRAM, trainArguments } from "../data/command";
import type { RuleInfo, RunConfig } from "../engine/protocol";
import { layerName } from "../format";
import { M } from "../messages";
import { W } from "../messages/experiments";
import type { Metric, Preset, PresetArm, PresetPanel } from "./binding";
import type { Plan } from "./experiment";
import { pace } from "./schedule";

export const OWN = "own";
/** Levels of noise; more would not be told apart. */
export const MAX_LEVELS = 6;
const LEVEL = { min: 1e-6, max: 1 };
/** Hidden layers with panels of their own. */
const MAX_LAYERS = 3;

/** The simulator, as far as a comparison needs it. */
export interface LabSettings {
  settings(): PageConfig;
  readonly rules: readonly RuleInfo[];
  /** The complete configuration of a rule under these settings. */
  configFor(config: PageConfig, rule: string): RunConfig;
}

export interface OwnSpec {
  /** The rules are those of these settings. */
  readonly config: PageConfig;
  /** c_h of rules that perturb; none: the rate each of them has. */
  readonly levels: readonly number[];
}

export interface Levels {
  readonly levels: readonly number[];
  /** What was not taken. */
  readonly bad: string | null;
}

/** "1e-3, 0.01" */
export function parseLevels(text: string): Levels {
  const words = text
    .slice(0, 200)
    .split(/[\s,;]+/)
    .filter((word) => word !== "");
  const found: number[] = [];
  let bad: string | null = null;
  for (const word of words) {
    const read = parseNumber(word, LEVEL.min, LEVEL.max, false);
    if (typeof read.value !== "number" || read.problem !== null) bad ??= word.slice(0, 40);
    else if (!found.includes(read.value)) found.push(read.value);
  }
  found.sort((a, b) => a - b);
  if (found.length > MAX_LEVELS) bad ??= formatNumber(found[MAX_LEVELS] ?? 0);
  return { levels: found.slice(0, MAX_LEVELS), bad };
}

export const writeLevels = (levels: readonly number[]): string =>
  levels.map(formatNumber).join(", ");

/** As it goes into an address, and back. */
export const encodeOwn = ({ config, levels }: OwnSpec): { own: string; levels: string } => ({
  own: encodeConfig(config),
  levels: levels.map(formatNumber).join(","),
});

/** Hostile: what cannot be used is left at its default. */
export function decodeOwn(
  own: string | null,
  levels: string | null,
  rules: readonly RuleInfo[],
): OwnSpec | null {
  if (own === null) return null;
  return { config: decodeConfig(own, rules).config, levels: parseLevels(levels ?? "").levels };
}

export function ownPreset({ config, levels }: OwnSpec, lab: LabSettings): Preset {
  const arms = settingOf(config, "rules").flatMap((id): PresetArm[] => {
    const rule = lab.rules.find((one) => one.id === id);
    if (rule === undefined) return [];
    const own = lab.configFor(config, id);
    if (rule.perturbs !== true || levels.length === 0) {
      return [{ id, label: rule.short, config: own, x: null, cell: null }];
    }
    return levels.map((c_h) => ({
      id: `${id}-${formatNumber(c_h)}`,
      label: W.compare.arm(rule.short, formatNumber(c_h)),
      config: { ...own, c_h },
      x: levels.length > 1 ? c_h : null,
      cell: null,
    }));
  });
  const sizes = arms[0]?.config.sizes ?? [];
  return {
    id: OWN,
    runs: OWN,
    width: null,
    source: W.compare.source,
    title: W.compare.title,
    // The form says it.
    about: "",
    data: dataOf(sizes),
    arms,
    steps: 20_000,
    quick_steps: 2000,
    seeds: 10,
    every: 1000,
    panels: panels(config, lab, arms, Math.max(0, sizes.length - 2)),
    table: null,
    references: [],
  };
}

/** Pictures of three colours have three times as many inputs; what is loaded in the simulator counts. */
function dataOf(sizes: readonly number[]): Preset["data"] {
  if (sizes[0] !== 3072) return "mnist";
  return sizes.at(-1) === 100 ? "cifar100" : "cifar10";
}

function panels(
  config: PageConfig,
  lab: LabSettings,
  arms: readonly PresetArm[],
  hidden: number,
): PresetPanel[] {
  const classifier = taskOf(config) === "classifier";
  const panel = (
    title: string,
    metric: Metric,
    log: boolean,
    rest: Partial<PresetPanel> = {},
  ): PresetPanel => ({
    letter: "",
    title,
    metric,
    layer: null,
    axis: "steps",
    log,
    mark: null,
    smooth: 1,
    ...rest,
  });
  const found = [panel(W.compare.loss, "test_loss", true)];
  if (classifier) found.push(panel(M.error.title, "test_error", true));
  if (arms.some((arm) => arm.x !== null)) {
    const axis = { arms: { label: "c_h" } };
    found.push(panel(W.compare.lossAtEnd, "test_loss", true, { axis }));
  }
  const feedback = settingOf(config, "rules").some(
    (id) => lab.rules.find((rule) => rule.id === id)?.has_feedback !== false,
  );
  if (!feedback) return found;
  const layers = Array.from({ length: Math.min(hidden, MAX_LAYERS) }, (_, i) => i);
  const each = (
    title: string,
    metric: Metric,
    log: boolean,
    mark: [number, string] | null,
  ): void => {
    for (const layer of layers) {
      found.push(panel(`${title}, ${layerName(`W${layer + 2}`)}`, metric, log, { layer, mark }));
    }
  };
  each(M.angle.title, "angle", false, [90, ""]);
  each(M.relative.title, "relative_error", true, null);
  each(M.sign.title, "sign_agreement", false, [50, ""]);
  return found;
}

/** Shell lines that repeat the runs natively: a loop over seeds, a command for each curve. */
export function ownCommand(
  preset: Preset,
  { seeds, steps }: Plan,
  lab: LabSettings,
  probe: number,
): string {
  const lines = preset.arms.map(({ id, config }) => {
    const bare = withSetting(EMPTY_CONFIG, "task", config.task);
    const defaults = lab.configFor(withSetting(bare, "optimizer", config.optimizer), config.rule);
    const words = trainArguments({
      config: { ...config, probe },
      defaults,
      steps,
      every: pace(preset.every, steps),
      ownData: false,
      out: `${id}-$s.jsonl`,
      seed: "$s",
    });
    return `  ${PROGRAM} ${words.join(" ")}`;
  });
  const numbers = Array.from({ length: seeds }, (_, i) => i + 1).join(" ");
  return [`for s in ${numbers}; do`, ...lines, "done"].join("\n");
}
