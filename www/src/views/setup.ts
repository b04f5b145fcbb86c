/** The column beside the figures: task, rules, rates, further settings, digits, keeping. */
import { type PageConfig, SETTING_KEYS, SETTINGS, type SettingKey } from "../config";
import { RateControls, RuleChips, type RuleControlsHost } from "../controls/rules";
import {
  type OnSetting,
  type SettingControl,
  segmented,
  settingControl,
} from "../controls/settings";
import { h } from "../dom";
import { M } from "../messages";

export interface SetupHost extends RuleControlsHost {
  readonly onSetting: OnSetting;
  onNewSeed(): void;
  onDefaults(): void;
}

/** Shown elsewhere: as segments, in the bar, or above. */
const ELSEWHERE: readonly SettingKey[] = ["task", "rules", "seed", "budget", "compute"];

export class Setup {
  /** Task and rules: always in sight. */
  readonly choice: HTMLElement;
  /** Rates, seed and the rest of the table. */
  readonly settings: HTMLElement;
  /** Digits, keeping, keys: below the figures where there is one column only. */
  readonly panels: HTMLElement;
  private readonly controls: SettingControl[] = [];
  private readonly chips: RuleChips;
  private readonly rates: RateControls;

  constructor(
    host: SetupHost,
    uid: string,
    roomy: boolean,
    device: HTMLElement,
    panels: readonly HTMLElement[],
  ) {
    this.chips = new RuleChips(host);
    this.rates = new RateControls(host);
    const task = segmented("task", `${uid}-task`, host.onSetting);
    const seed = settingControl("seed", host.onSetting);
    this.controls.push(task, seed);
    this.choice = h(
      "div",
      { class: "choice" },
      named("task", task.element),
      named("rules", this.chips.element),
    );

    const newSeed = h("button", { type: "button", class: "small" }, M.controls.newSeed);
    newSeed.addEventListener("click", () => host.onNewSeed());
    const defaults = h("button", { type: "button", class: "small" }, M.controls.defaults);
    defaults.addEventListener("click", () => host.onDefaults());
    this.settings = h(
      "div",
      { class: "settings", role: "group", "aria-label": M.controls.label },
      named("rates", fold(M.controls.rates, roomy, this.rates.element)),
      named("seed", h("section", { class: "group seed" }, seed.element, newSeed)),
      named("device", device),
      named(
        "settings",
        fold(
          M.controls.more,
          false,
          ...this.group("network", M.controls.network, host.onSetting),
          ...this.group("learning", M.controls.learning, host.onSetting),
          ...this.group("run", M.controls.run, host.onSetting),
          defaults,
        ),
      ),
    );
    this.panels = named("panels", h("div", { class: "panels" }, ...panels));
  }

  set(config: PageConfig): void {
    for (const control of this.controls) control.set(config);
    this.chips.set(config);
    this.rates.set(config);
  }

  private group(group: string, title: string, onSetting: OnSetting): HTMLElement[] {
    const keys = SETTING_KEYS.filter(
      (key) => SETTINGS[key].group === group && !ELSEWHERE.includes(key),
    );
    const controls = keys.map((key) => settingControl(key, onSetting));
    this.controls.push(...controls);
    return [h("h3", { class: "group-title" }, title), ...controls.map((c) => c.element)];
  }
}

/** An embedding page may show some controls only; these are their names. */
function named(name: string, element: HTMLElement): HTMLElement {
  element.dataset.control = name;
  return element;
}

export function keyList(): HTMLElement {
  const entries = M.keys.list.flatMap(([key, what]) => [
    h("dt", {}, h("kbd", {}, key)),
    h("dd", {}, what),
  ]);
  return h(
    "section",
    { class: "group" },
    h("h3", { class: "group-title" }, M.keys.label),
    h("dl", { class: "keys" }, ...entries),
  );
}

function fold(title: string, open: boolean, ...content: readonly HTMLElement[]): HTMLElement {
  const details = h(
    "details",
    { class: "fold" },
    h("summary", {}, title),
    h("div", { class: "fold-body" }, ...content),
  );
  details.open = open;
  return details;
}
