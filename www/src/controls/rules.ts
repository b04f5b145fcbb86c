/** The learning rules as chips to switch on and off, and below each chosen rule its rates. */
import type { PageConfig } from "../config";
import { settingOf } from "../config";
import { h, setText } from "../dom";
import { M, SETTING_TEXT } from "../messages";
import type { HyperInfo, HyperKey, RuleInfo } from "../store";
import { Rate } from "./rate";

export interface RuleControlsHost {
  readonly rules: readonly RuleInfo[];
  /** Ranges and present defaults of a rule's rates, for the current task and settings. */
  rates(rule: RuleInfo): readonly { info: HyperInfo; fallback: number }[];
  onRules(rules: readonly string[]): void;
  onRate(rule: string, key: HyperKey, value: number | null): void;
}

export class RuleChips {
  readonly element: HTMLElement;
  private readonly boxes = new Map<string, HTMLInputElement>();
  private readonly message = h("p", { class: "field-message", role: "status" });

  constructor(private readonly host: RuleControlsHost) {
    const chips = host.rules.map((rule) => {
      const box = h("input", { type: "checkbox", value: rule.id });
      this.boxes.set(rule.id, box);
      box.addEventListener("change", () => this.changed(box));
      return h(
        "label",
        { class: "chip", "data-rule": rule.id, title: `${rule.label}. ${rule.summary}` },
        box,
        h("span", { class: "swatch", "data-rule": rule.id }),
        h("span", {}, rule.short),
        h("span", { class: "visually-hidden" }, `, ${rule.label}`),
      );
    });
    this.element = h(
      "fieldset",
      { class: "group" },
      h("legend", {}, SETTING_TEXT.rules.label),
      h("div", { class: "chips" }, ...chips),
      h("p", { class: "hint" }, SETTING_TEXT.rules.help),
      this.message,
    );
  }

  set(config: PageConfig): void {
    const chosen = settingOf(config, "rules");
    for (const [id, box] of this.boxes) box.checked = chosen.includes(id);
  }

  private changed(box: HTMLInputElement): void {
    const chosen = [...this.boxes].filter(([, b]) => b.checked).map(([id]) => id);
    if (chosen.length === 0) {
      box.checked = true;
      setText(this.message, M.controls.oneRule);
      return;
    }
    setText(this.message, "");
    this.host.onRules(chosen);
  }
}

export class RateControls {
  readonly element: HTMLElement;
  private shape = "";
  private controls: { rule: string; key: HyperKey; fallback: number; rate: Rate }[] = [];
  private readonly list = h("div", { class: "rates" });
  private readonly hint = h("p", { class: "hint" });

  constructor(private readonly host: RuleControlsHost) {
    this.element = h("div", {}, this.list, this.hint);
  }

  set(config: PageConfig): void {
    const chosen = settingOf(config, "rules").flatMap((id) => {
      const rule = this.host.rules.find((r) => r.id === id);
      return rule === undefined ? [] : [{ rule, rates: this.host.rates(rule) }];
    });
    const shape = JSON.stringify(
      chosen.map((c) => [c.rule.id, c.rates.map((r) => [r.info.key, r.fallback])]),
    );
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(chosen);
    }
    const ridge = this.controls.some(({ key }) => key === "gamma");
    setText(this.hint, ridge ? M.controls.ratesHelpRidge : M.controls.ratesHelp);
    for (const { rule, key, fallback, rate } of this.controls) {
      rate.set(config.rates[rule]?.[key] ?? fallback);
    }
  }

  private build(
    chosen: readonly { rule: RuleInfo; rates: readonly { info: HyperInfo; fallback: number }[] }[],
  ): void {
    this.controls = [];
    const groups = chosen.map(({ rule, rates }) => {
      const rows = rates.map(({ info, fallback }) => {
        const rate = new Rate(rule.short, info, fallback, (value) =>
          this.host.onRate(rule.id, info.key, value),
        );
        this.controls.push({ rule: rule.id, key: info.key, fallback, rate });
        return rate.element;
      });
      return h(
        "fieldset",
        { class: "rule-rates", "data-rule": rule.id },
        h(
          "legend",
          { title: rule.summary },
          h("span", { class: "swatch", "data-rule": rule.id }),
          rule.label,
        ),
        ...rows,
      );
    });
    this.list.replaceChildren(...groups);
  }
}
