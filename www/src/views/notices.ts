/** Messages to the reader: one place, newest first, each with at most a few actions. */
import { h } from "../dom";
import { M } from "../messages";

export interface Action {
  readonly label: string;
  readonly run: () => void;
}

export interface Notice {
  /** A notice with the same id replaces the older one. */
  readonly id: string;
  readonly kind: "info" | "warning" | "error";
  readonly text: string;
  readonly list?: readonly string[];
  readonly actions?: readonly Action[];
}

/** Older ones are dropped: nobody reads a fifth message. */
const MOST = 4;

export class Notices {
  readonly element = h("div", { class: "notices", role: "region", "aria-label": M.notice.label });
  private readonly shown = new Map<string, HTMLElement>();

  constructor(private readonly onShow?: (notice: Notice) => void) {}

  show(notice: Notice): void {
    this.clear(notice.id);
    const close = h(
      "button",
      {
        type: "button",
        class: "quiet close",
        "aria-label": M.notice.dismiss,
        title: M.notice.dismiss,
      },
      "×",
    );
    close.addEventListener("click", () => this.clear(notice.id));
    const buttons = (notice.actions ?? []).map((action) => {
      const button = h("button", { type: "button", class: "small" }, action.label);
      button.addEventListener("click", () => {
        this.clear(notice.id);
        action.run();
      });
      return button;
    });
    const list = (notice.list ?? []).map((line) => h("li", {}, line));
    const element = h(
      "div",
      {
        class: `notice ${notice.kind}`,
        role: notice.kind === "error" ? "alert" : "status",
        "data-notice": notice.id,
      },
      h(
        "div",
        { class: "notice-text" },
        h("p", {}, notice.text),
        list.length > 0 ? h("ul", {}, ...list) : null,
      ),
      buttons.length > 0 ? h("div", { class: "notice-actions" }, ...buttons) : null,
      close,
    );
    this.shown.set(notice.id, element);
    this.element.prepend(element);
    const oldest = [...this.shown.keys()][0];
    if (this.shown.size > MOST && oldest !== undefined) this.clear(oldest);
    this.onShow?.(notice);
  }

  clear(id: string): void {
    this.shown.get(id)?.remove();
    this.shown.delete(id);
  }

  /** Removes every notice whose id begins like this. */
  clearAll(prefix: string): void {
    for (const id of [...this.shown.keys()]) if (id.startsWith(prefix)) this.clear(id);
  }
}
