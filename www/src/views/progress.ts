/** A bar for anything that takes noticeable time, with words, a cancel button, and nothing otherwise. */
import { h, setText } from "../dom";
import { M } from "../messages";

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
