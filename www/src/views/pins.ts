/**
 * The row above the curves: how all of them are drawn, and the runs pinned behind the present one, with what is
 * different in their settings and a table of where each of them ended.
 */
import { settingOf, taskOf } from "../config";
import { type OnSetting, type SettingControl, settingControl } from "../controls/settings";
import {
  differences,
  type Finals,
  finals,
  freeLetter,
  MAX_PINS,
  type Pin,
  stepsOf,
  taskOfPin,
  thinned,
} from "../data/pins";
import { h } from "../dom";
import { count, percent, value } from "../format";
import { SETTING_TEXT } from "../messages";
import { C } from "../messages/lab";
import type { Store } from "../store";
import type { Notices } from "./notices";

export interface PinsHost {
  readonly store: Store;
  readonly notices: Notices;
  readonly onSetting: OnSetting;
  /** Pins have changed by the reader's hand. */
  onPins(): void;
  /** Leads to an experiment made of the present settings; null where there is none on the page. */
  readonly onCompare: (() => void) | null;
}

/** The table of finals follows a run at this pace, in ms. */
const CALM_MS = 1000;
/** Columns of words: at the left, where numbers stand at the right. */
const WORDS: readonly string[] = [C.pins.run, C.pins.rule, C.pins.differs];

export class PinsPanel {
  readonly element: HTMLElement;
  private readonly controls: SettingControl[];
  private readonly list = h("ul", { class: "pins", "aria-label": C.pins.label });
  private readonly details: HTMLDetailsElement;
  private readonly table = h("div", {
    class: "table-host",
    tabindex: 0,
    role: "region",
    "aria-label": C.pins.finals,
  });
  private readonly unsubscribe: (() => void)[];
  private shape = "";
  private filledAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly host: PinsHost) {
    const { store } = host;
    this.controls = (["smooth", "logX"] as const).map((key) => settingControl(key, host.onSetting));
    const button = (text: string, title: string, run: () => void): HTMLElement => {
      const element = h("button", { type: "button", class: "small", title }, text);
      element.addEventListener("click", run);
      return element;
    };
    const { onCompare } = host;
    this.details = h(
      "details",
      { class: "table", hidden: true },
      h("summary", {}, C.pins.finals),
      this.table,
    );
    this.details.addEventListener("toggle", () => this.fill(true));
    this.element = h(
      "section",
      { class: "curves", "data-control": "curves", "aria-label": C.curves.label },
      h(
        "div",
        { class: "curves-row" },
        ...this.controls.map((control) => control.element),
        h(
          "div",
          { class: "button-row" },
          button(C.curves.pin, C.curves.pinTitle, () => this.pin()),
          onCompare === null
            ? null
            : button(C.curves.compare, C.curves.compareTitle, () => onCompare()),
        ),
      ),
      this.list,
      this.details,
    );
    this.unsubscribe = [
      store.on("pins", () => this.refresh()),
      store.on("config", () => this.refresh()),
      store.on("history", () => this.fill(false)),
      store.on("status", () => this.fill(false)),
    ];
    this.refresh();
  }

  destroy(): void {
    for (const stop of this.unsubscribe) stop();
  }

  private pin(): void {
    const { store, notices } = this.host;
    if (store.pins.length >= MAX_PINS) {
      notices.show({ id: "pins", kind: "info", text: C.pins.most(store.pins.length) });
      return;
    }
    const rules = settingOf(store.built, "rules")
      .map((rule) => ({
        rule,
        frames: thinned(
          store.history
            .frames(rule)
            .filter((m) => Number.isFinite(m.test_loss) && Number.isFinite(m.train_loss)),
        ),
      }))
      .filter(({ frames }) => frames.length > 0);
    const steps = stepsOf(rules);
    if (steps === 0) {
      notices.show({ id: "pins", kind: "info", text: C.pins.none });
      return;
    }
    notices.clear("pins");
    const digits = store.digits?.data.name ?? "";
    const pin: Pin = { letter: freeLetter(store.pins), config: store.built, digits, steps, rules };
    store.pins = [...store.pins, pin];
    this.host.onPins();
    store.changed("pins");
  }

  private remove(letter: string): void {
    const { store } = this.host;
    store.pins = store.pins.filter((pin) => pin.letter !== letter);
    this.host.onPins();
    store.changed("pins");
    // What had the focus is gone; the next of its kind takes it.
    const next = this.list.querySelector<HTMLElement>("button");
    (next ?? this.element.querySelector<HTMLElement>(".button-row button"))?.focus();
  }

  private refresh(): void {
    const { store } = this.host;
    for (const control of this.controls) control.set(store.config);
    const shape = JSON.stringify([store.pins.map((p) => p.letter), store.built]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.list.replaceChildren(...store.pins.map((pin) => this.item(pin)));
      this.list.hidden = store.pins.length === 0;
      this.details.hidden = store.pins.length === 0;
      this.element.classList.toggle("with-pins", store.pins.length > 0);
    }
    this.fill(true);
  }

  private item(pin: Pin): HTMLElement {
    const { store } = this.host;
    const names = pin.rules.flatMap(({ rule }) => {
      const info = store.rule(rule);
      if (info === undefined) return [];
      return [
        h(
          "span",
          { class: "pin-rule" },
          h("span", { class: "swatch", "data-rule": rule }),
          info.short,
        ),
      ];
    });
    const remove = h(
      "button",
      { type: "button", class: "quiet close", "aria-label": C.pins.remove(pin.letter) },
      "×",
    );
    remove.title = C.pins.remove(pin.letter);
    remove.addEventListener("click", () => this.remove(pin.letter));
    return h(
      "li",
      { "data-pin": pin.letter },
      h("b", { class: "pin-letter" }, pin.letter),
      h("span", { class: "pin-rules" }, ...names),
      h(
        "span",
        { class: "pin-text" },
        `${C.pins.iterations(count(pin.steps))}, ${this.differs(pin)}`,
      ),
      remove,
    );
  }

  private differs(pin: Pin): string {
    const { store } = this.host;
    const task = taskOfPin(pin);
    if (task !== taskOf(store.built)) {
      return C.pins.otherTask(SETTING_TEXT.task.options?.[task] ?? task);
    }
    const found = differences(pin.config, store.built, store.rules);
    const data = store.digits?.data.name ?? pin.digits;
    if (data !== pin.digits) found.push(C.pins.otherData(pin.digits));
    return found.length === 0 ? C.pins.same : found.join(", ");
  }

  /** Where each run ended: pinned ones first, then the present one. */
  private fill(now: boolean): void {
    if (!this.details.open || this.details.hidden) return;
    if (!now && performance.now() - this.filledAt < CALM_MS) return;
    this.filledAt = performance.now();
    const { store } = this.host;
    const live = settingOf(store.built, "rules").map((rule) => ({
      rule,
      frames: store.history.frames(rule),
    }));
    const sets = [
      ...store.pins.map((pin) => ({
        name: pin.letter,
        differs: this.differs(pin),
        rules: pin.rules,
      })),
      { name: C.pins.now, differs: "", rules: live.filter(({ frames }) => frames.length > 0) },
    ];
    const told = sets.flatMap(({ rules }) => rules.map(({ frames }) => finals(frames)));
    const accuracy = told.some((one) => one.accuracy !== null);
    const head: string[] = [C.pins.run, C.pins.rule, C.pins.steps, C.pins.final, C.pins.best];
    if (accuracy) head.push(C.pins.accuracy);
    head.push(C.pins.differs);
    const cells = (one: Finals): string[] => [
      count(one.steps),
      value(one.loss),
      value(one.best),
      ...(accuracy ? [percent(one.accuracy)] : []),
    ];
    const rows = sets.flatMap(({ name, differs, rules }) =>
      rules.map(({ rule, frames }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, name),
          h("td", { class: "words" }, store.rule(rule)?.short ?? rule),
          ...cells(finals(frames)).map((text) => h("td", {}, text)),
          h("td", { class: "words" }, differs),
        ),
      ),
    );
    this.table.replaceChildren(
      h(
        "table",
        {},
        h("caption", { class: "visually-hidden" }, C.pins.finals),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...head.map((text) =>
              h("th", { scope: "col", class: WORDS.includes(text) ? "words" : null }, text),
            ),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
    );
  }
}
