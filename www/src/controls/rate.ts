/**
 * One rate of one rule: a slider (logarithmic where the rule says so) and a number to type, both live.
 * The slider's left end is the smallest value; a range that includes 0 has 0 there.
 */
import { formatNumber } from "../config-url";
import { h } from "../dom";
import { M } from "../messages";
import type { HyperInfo } from "../store";
import { symbols } from "../symbols";
import { NumberField } from "./number-field";

const POSITIONS = 600;
/** Where a logarithmic slider whose range starts at 0 begins, as a fraction of its top. */
const LOG_FLOOR = 1e-6;

export class Rate {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly field: NumberField;
  private readonly back: HTMLButtonElement;
  private value: number;

  constructor(
    ruleName: string,
    private readonly info: HyperInfo,
    private readonly fallback: number,
    onChange: (value: number | null) => void,
  ) {
    this.value = fallback;
    const name = `${ruleName}: ${info.label}`;
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: POSITIONS,
      step: 1,
      "aria-label": name,
    });
    this.field = new NumberField({
      name: `${name}, number`,
      min: info.min,
      max: info.max,
      integer: false,
      help: info.help,
      onCommit: (value) => onChange(value === this.fallback ? null : value),
    });
    const standard = M.controls.defaultRate(formatNumber(fallback));
    this.back = h(
      "button",
      {
        type: "button",
        class: "quiet back",
        title: standard,
        "aria-label": `${name}: ${standard}`,
      },
      "↺",
    );
    this.back.addEventListener("click", () => onChange(null));
    this.slider.addEventListener("input", () => {
      const value = movedTo(info, this.value, Number(this.slider.value));
      onChange(value === fallback ? null : value);
    });
    const label = h("span", { class: "rate-label", title: info.help }, symbols(info.label));
    this.element = h(
      "div",
      { class: "rate" },
      h("div", { class: "rate-head" }, label, this.back, this.field.input),
      this.slider,
      this.field.message,
    );
  }

  set(value: number): void {
    this.value = value;
    this.field.set(value);
    this.slider.value = String(Math.round(positionOf(this.info, value) * POSITIONS));
    this.slider.setAttribute("aria-valuetext", formatNumber(value));
    this.back.hidden = value === this.fallback;
  }
}

/**
 * The value that a reader wants who has moved the slider from `value` to a step. An arrow key goes one step, which two
 * digits often round back to where it was; the next value in that direction is meant.
 */
export function movedTo(info: HyperInfo, value: number, step: number): number {
  const from = Math.round(positionOf(info, value) * POSITIONS);
  const way = Math.sign(step - from);
  let at = step;
  while (way !== 0 && at > 0 && at < POSITIONS && valueAt(info, at / POSITIONS) === value)
    at += way;
  return valueAt(info, at / POSITIONS);
}

function floorOf(info: HyperInfo): number {
  return info.min > 0 ? info.min : info.max * LOG_FLOOR;
}

/** 0 … 1 along the slider. */
export function positionOf(info: HyperInfo, value: number): number {
  if (!info.log) return (value - info.min) / (info.max - info.min);
  const lo = floorOf(info);
  if (value <= lo) return 0;
  return Math.log(value / lo) / Math.log(info.max / lo);
}

/** The value at a slider position, rounded to two significant digits as a person would choose it. */
export function valueAt(info: HyperInfo, position: number): number {
  if (position <= 0) return info.min;
  if (position >= 1) return info.max;
  const lo = floorOf(info);
  const raw = info.log
    ? lo * (info.max / lo) ** position
    : info.min + position * (info.max - info.min);
  const rounded = Number(raw.toPrecision(2));
  return Math.min(info.max, Math.max(info.min, rounded));
}
