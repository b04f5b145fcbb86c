/** The run as commands for the native program, one a rule, ready to copy. */
import { type NativeRun, trainCommand } from "../data/command";
import { h, setText } from "../dom";
import { C } from "../messages/lab";
import type { Store } from "../store";

export interface CommandHost {
  readonly store: Store;
  runs(): readonly NativeRun[];
  /** Rates were changed in the middle of the run, or steps done with one part. */
  retuned(): boolean;
  /** It learns from the first digits of the sample only. */
  early(): boolean;
}

const CALM_MS = 500;

export class CommandPanel {
  readonly element: HTMLElement;
  private readonly details: HTMLDetailsElement;
  private readonly code = h("code", {});
  private readonly note = h("p", { class: "hint" });
  private readonly unsubscribe: (() => void)[];
  private at = Number.NEGATIVE_INFINITY;

  constructor(private readonly host: CommandHost) {
    const copy = copyButton(this.code);
    this.details = h(
      "details",
      { class: "fold", "data-panel": "command" },
      h("summary", {}, C.command.label),
      h(
        "div",
        { class: "fold-body" },
        h("p", { class: "hint" }, C.command.lead),
        h(
          "pre",
          { class: "commands", tabindex: 0, role: "region", "aria-label": C.command.label },
          this.code,
        ),
        copy,
        this.note,
      ),
    );
    this.element = this.details;
    this.details.addEventListener("toggle", () => this.refresh(true));
    this.unsubscribe = [
      host.store.on("config", () => this.refresh(true)),
      host.store.on("status", () => this.refresh(false)),
    ];
  }

  destroy(): void {
    for (const stop of this.unsubscribe) stop();
  }

  private refresh(now: boolean): void {
    if (!this.details.open) return;
    const { store } = this.host;
    // Under the reader's hands a running number would be copied as it was a moment ago.
    if (!now && store.status.phase === "running" && performance.now() - this.at < CALM_MS) return;
    this.at = performance.now();
    const runs = this.host.runs();
    setText(this.code, runs.map(trainCommand).join("\n"));
    const notes: string[] = [C.command.noise];
    if (runs.some((run) => run.ownData)) notes.push(C.command.data);
    if (this.host.early()) notes.push(C.command.early);
    if (this.host.retuned()) notes.push(C.command.retuned);
    setText(this.note, notes.join(" "));
  }
}

/** Copies an element's text, or selects it where the browser refuses. */
export function copyButton(source: HTMLElement): HTMLButtonElement {
  const button = h("button", { type: "button", class: "small" }, C.command.copy);
  button.addEventListener("click", () => {
    const done = (): void => {
      setText(button, C.command.copied);
      setTimeout(() => setText(button, C.command.copy), 1500);
    };
    const select = (): void => getSelection()?.selectAllChildren(source);
    // Absent where the page is not served securely.
    if (navigator.clipboard === undefined) select();
    else void navigator.clipboard.writeText(source.textContent ?? "").then(done, select);
  });
  return button;
}
