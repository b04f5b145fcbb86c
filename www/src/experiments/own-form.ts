/** What a reader chooses for a comparison: rules, levels of noise, and the settings taken from the simulator. */
import { EMPTY_CONFIG, type PageConfig, settingOf, taskOf, withSetting } from "../config";
import { RuleChips } from "../controls/rules";
import { differences } from "../data/pins";
import { h, setText } from "../dom";
import { SETTING_TEXT } from "../messages";
import { W } from "../messages/experiments";
import { type LabSettings, MAX_LEVELS, type OwnSpec, parseLevels, writeLevels } from "./own";

/** Noise levels of the paper's figure 2. */
export const PAPER_LEVELS: readonly number[] = [1e-4, 1e-3, 1e-2, 1e-1];

export class OwnForm {
  readonly element: HTMLElement;
  private readonly chips: RuleChips;
  private readonly levels: HTMLInputElement;
  private readonly message = h("p", { class: "field-message", role: "status" });
  private readonly base = h("p", { class: "own-base" });
  private readonly waiting: HTMLElement;

  constructor(
    public spec: OwnSpec,
    private readonly lab: LabSettings,
    private readonly host: {
      onChange(): void;
      onApply(): void;
    },
  ) {
    this.chips = new RuleChips({
      rules: lab.rules,
      rates: () => [],
      onRules: (rules) => this.change({ config: withSetting(this.spec.config, "rules", rules) }),
      onRate: () => undefined,
    });
    this.levels = h("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      title: W.compare.levelsHelp(MAX_LEVELS),
    });
    this.levels.addEventListener("change", () => {
      const read = parseLevels(this.levels.value);
      setText(this.message, read.bad === null ? "" : W.compare.levelBad(read.bad, MAX_LEVELS));
      this.change({ levels: read.levels });
    });
    const again = h("button", { type: "button", class: "small" }, W.compare.take);
    again.addEventListener("click", () => this.take());
    const apply = h("button", { type: "button", class: "small" }, W.compare.apply);
    apply.addEventListener("click", () => this.host.onApply());
    this.waiting = h(
      "p",
      { class: "own-waiting", role: "status", hidden: true },
      W.compare.waiting,
      apply,
    );
    this.element = h(
      "div",
      { class: "own-form" },
      h("p", { class: "experiment-about" }, W.compare.about),
      this.chips.element,
      h(
        "div",
        { class: "own-levels" },
        h("label", {}, h("span", {}, W.compare.levels), this.levels),
        this.message,
        h("p", { class: "hint" }, W.compare.levelsHelp(MAX_LEVELS)),
      ),
      h("div", { class: "own-settings" }, this.base, again),
      this.waiting,
    );
    this.show();
  }

  /** Takes the simulator's present settings, rules included. */
  take(): void {
    this.change({ config: bare(this.lab.settings()) });
  }

  set(spec: OwnSpec): void {
    this.change(spec);
  }

  /** Runs of the former choice are there and would be lost. */
  setWaiting(waiting: boolean): void {
    this.waiting.hidden = !waiting;
  }

  private change(change: Partial<OwnSpec>): void {
    this.spec = { ...this.spec, ...change };
    this.show();
    this.host.onChange();
  }

  private show(): void {
    const { config, levels } = this.spec;
    this.chips.set(config);
    this.levels.value = writeLevels(levels);
    const perturbs = settingOf(config, "rules").some(
      (id) => this.lab.rules.find((rule) => rule.id === id)?.perturbs === true,
    );
    this.levels.disabled = !perturbs;
    const task = taskOf(config);
    const plain = withSetting(EMPTY_CONFIG, "task", task);
    const own = differences(
      withSetting(config, "seed", settingOf(plain, "seed")),
      plain,
      this.lab.rules,
    );
    const name = SETTING_TEXT.task.options?.[task] ?? task;
    const widths = settingOf(config, "hidden").join(" – ");
    setText(this.base, W.compare.base(name.toLowerCase(), widths, own.join(", ")));
  }
}

/** What a comparison takes over; the rest says how the simulator is looked at. */
const COMPARED = [
  "task",
  "rules",
  "hidden",
  "init",
  "batch",
  "optimizer",
  "feedback",
  "difference",
  "noise",
  "warmup",
  "freeze",
  "evaluate",
  "initSeed",
] as const satisfies readonly (keyof PageConfig["set"])[];

/** Without what says how the simulator is looked at. */
export function bare(config: PageConfig): PageConfig {
  const set = COMPARED.map((key) => [key, config.set[key]] as const);
  const kept = set.filter(([, value]) => value !== undefined);
  return { set: Object.fromEntries(kept) as PageConfig["set"], rates: config.rates };
}
