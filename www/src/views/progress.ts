/** A bar for anything that takes noticeable time, with words, a cancel button, and nothing otherwise. */
import type { Progress } from "../data/fetch";
import { h, setText } from "../dom";
import { bytes } from "../format";
import { M } from "../messages";

/** What is over within this time, in ms, needs no bar. */
export const PATIENCE_MS = 300;

/** Stands where an instrument will be, until the core is there: words, and a bar if it takes longer than a moment. */
export class Loading {
  private readonly bar = h("progress", { max: 1, hidden: true, "aria-label": M.core.loading });
  private readonly text = h("span", { class: "progress-text" });
  readonly element = h(
    "div",
    { class: "loading" },
    h("p", {}, M.core.loading),
    this.bar,
    this.text,
  );
  private readonly since = performance.now();

  constructor() {
    setTimeout(() => {
      this.bar.hidden = false;
    }, PATIENCE_MS);
  }

  show({ done, total }: Progress): void {
    if (performance.now() - this.since < PATIENCE_MS) return;
    if (total !== null) this.bar.value = done / total;
    setText(this.text, M.core.loaded(bytes(done), total === null ? null : bytes(total)));
  }
}

export class ProgressLine {
  readonly element: HTMLElement;
  private readonly bar = h("progress", { max: 1 });
  private readonly text = h("span", { class: "progress-text" });
  private readonly stop = h("button", { type: "button", class: "small" }, M.data.cancel);
  private onCancel: (() => void) | null = null;

  constructor() {
    this.element = h("div", { class: "progress", hidden: true }, this.bar, this.text, this.stop);
    this.bar.setAttribute("aria-label", M.data.label);
    this.stop.addEventListener("click", () => this.onCancel?.());
  }

  /** `fraction` null: the end is not known. */
  show(text: string, fraction: number | null, onCancel: (() => void) | null): void {
    this.element.hidden = false;
    setText(this.text, text);
    if (fraction === null) this.bar.removeAttribute("value");
    else this.bar.value = fraction;
    this.onCancel = onCancel;
    this.stop.hidden = onCancel === null;
  }

  hide(): void {
    this.element.hidden = true;
  }
}
