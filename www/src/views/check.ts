/** Backpropagation's gradient against differences of the loss, rule by rule, when the reader asks for it. */
import { h, setText } from "../dom";
import type { GradientCheck, SimulatorHandle } from "../engine/protocol";
import { count, layerName } from "../format";
import { CHECK as T } from "../messages/estimates";
import type { Store } from "../store";

export interface CheckHost {
  readonly store: Store;
  ask<T>(rule: string, question: (run: SimulatorHandle) => Promise<T>): Promise<T | null>;
}

/** Beyond rounding of double precision by far, and below any wrong gradient. */
const AGREES = 1e-5;

export class CheckPanel {
  readonly element: HTMLDetailsElement;
  private readonly button = h("button", { type: "button", class: "small" }, T.run);
  private readonly status = h("p", { class: "hint", role: "status" });
  private readonly body = h("tbody", {});
  private readonly table: HTMLTableElement;
  private busy = false;

  constructor(private readonly host: CheckHost) {
    const { rule, layer, checked, worst } = T.head;
    this.table = h(
      "table",
      { class: "check-table", hidden: true },
      h("caption", { class: "visually-hidden" }, T.table),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...[rule, layer, checked, worst].map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      this.body,
    );
    this.button.addEventListener("click", () => void this.run());
    this.element = h(
      "details",
      { class: "fold", "data-panel": "check" },
      h("summary", {}, T.title),
      h(
        "div",
        { class: "fold-body" },
        h("p", { class: "hint" }, T.lead),
        this.button,
        this.status,
        this.table,
      ),
    );
  }

  private async run(): Promise<void> {
    if (this.busy) return;
    const { store } = this.host;
    const rules = store.status.lanes.flatMap(({ rule }) => store.rule(rule) ?? []);
    if (rules.length === 0) {
      setText(this.status, T.none);
      return;
    }
    this.busy = true;
    // Not disabled: that would take the focus away.
    this.button.setAttribute("aria-disabled", "true");
    this.body.replaceChildren();
    this.table.hidden = true;
    let worst = 0;
    let failed = "";
    for (const rule of rules) {
      setText(this.status, T.busy(rule.short));
      // The words are drawn before the core takes the processor.
      await new Promise((resolve) => setTimeout(resolve, 30));
      const found = await this.host.ask(rule.id, (run) => run.gradientCheck());
      if (found === null) failed = T.failed(rule.short);
      else {
        worst = Math.max(worst, ...found.layers.map((layer) => layer.worst));
        this.show(rule.id, rule.short, found);
      }
    }
    this.busy = false;
    this.button.removeAttribute("aria-disabled");
    const said = worst < AGREES ? T.done(power(worst)) : T.apart(power(worst));
    setText(this.status, failed === "" ? said : failed);
  }

  private show(id: string, short: string, found: GradientCheck): void {
    this.table.hidden = false;
    found.layers.forEach(({ name, checked, worst }, i) => {
      const row = h("tr", {});
      if (i === 0) {
        const swatch = h("span", { class: "swatch", "data-rule": id });
        row.append(h("th", { scope: "row", rowspan: found.layers.length }, swatch, short));
      }
      row.append(
        h("td", {}, layerName(name)),
        h("td", {}, count(checked)),
        h("td", { class: worst < AGREES ? "good" : "bad" }, power(worst)),
      );
      this.body.append(row);
    });
  }
}

/** 3.2e-9 -> "3.2e−9" */
function power(n: number): string {
  return Number.isFinite(n) ? n.toExponential(1).replace("-", "−") : "∞";
}
