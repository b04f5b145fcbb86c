/**
 * A number one can type: any spelling a person would use, a range, a unit, and a sentence when it
 * does not fit. Commits on Enter or on leaving; never changes a value silently.
 */
import { formatNumber, parseNumber } from "../config-url";
import { h, setText } from "../dom";
import { M } from "../messages";

export interface NumberFieldOptions {
  /** Accessible name; the visible label may be shorter. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
  readonly help: string;
  readonly onCommit: (value: number) => void;
}

export class NumberField {
  readonly input: HTMLInputElement;
  readonly message: HTMLElement;
  private value = 0;

  constructor(private readonly options: NumberFieldOptions) {
    this.input = h("input", {
      class: "number",
      type: "text",
      inputmode: options.integer ? "numeric" : "decimal",
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": options.name,
      title: `${options.help} (${M.controls.fieldRange(formatNumber(options.min), formatNumber(options.max))})`,
    });
    this.message = h("p", { class: "field-message", role: "status" });
    this.input.addEventListener("change", () => this.commit());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.show(this.value);
    });
  }

  /** Shows a value from outside; does not disturb somebody who is typing. */
  set(value: number): void {
    this.value = value;
    if (!this.input.matches(":focus")) this.show(value);
  }

  private show(value: number): void {
    this.input.value = formatNumber(value);
    this.input.removeAttribute("aria-invalid");
  }

  private commit(): void {
    const { min, max, integer, onCommit } = this.options;
    const given = this.input.value.trim().replace(",", ".").replace("−", "-");
    const read = parseNumber(given, min, max, integer);
    const lo = formatNumber(min);
    const hi = formatNumber(max);
    if (typeof read.value !== "number") {
      setText(this.message, M.controls.fieldBad(given.slice(0, 30), lo, hi));
      this.show(this.value);
      this.input.setAttribute("aria-invalid", "true");
      return;
    }
    const used = read.value;
    setText(
      this.message,
      read.problem === null ? "" : M.controls.fieldClamped(formatNumber(used), lo, hi),
    );
    this.value = used;
    this.show(used);
    onCommit(used);
  }
}
