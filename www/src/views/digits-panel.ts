/** Says which images are loaded and takes others: by picker, or dropped anywhere on the instrument. */
import { h, setText } from "../dom";
import { count } from "../format";
import { M } from "../messages";
import type { Digits } from "../store";

export class DigitsPanel {
  readonly element: HTMLElement;
  private readonly text = h("p", { class: "digits-text" }, M.figure.waiting);

  constructor(onFiles: (files: readonly File[]) => void) {
    const input = h("input", {
      type: "file",
      multiple: true,
      class: "visually-hidden",
      "aria-label": M.data.choose,
      tabindex: -1,
    });
    const button = h("button", { type: "button", class: "small" }, M.data.choose);
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      // The same file chosen again must count as a change.
      input.value = "";
      if (files.length > 0) onFiles(files);
    });
    this.element = h(
      "section",
      { class: "group", "data-panel": "digits" },
      h("h3", { class: "group-title" }, M.data.label),
      this.text,
      button,
      input,
      h(
        "p",
        { class: "hint" },
        M.data.hint,
        // Only a link: the page itself asks no other host for anything.
        h("a", { href: M.data.cifarPage, rel: "noopener", target: "_blank" }, M.data.cifarPage),
        ".",
      ),
    );
  }

  set(digits: Digits, own: boolean): void {
    const name = own ? digits.data.name : M.data.embedded;
    setText(
      this.text,
      M.data.counts(name, count(digits.data.trainCount), count(digits.data.testCount)),
    );
  }
}

/** Dropped files, with a frame around the instrument while they hover. */
export function acceptDrops(
  root: HTMLElement,
  onFiles: (files: readonly File[]) => void,
  signal: AbortSignal,
): void {
  const hasFiles = (event: DragEvent): boolean =>
    event.dataTransfer?.types.includes("Files") ?? false;
  let depth = 0;
  const mark = (): void => {
    root.classList.toggle("dropping", depth > 0);
  };
  root.dataset.drop = M.data.drop;
  root.addEventListener(
    "dragenter",
    (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth++;
      mark();
    },
    { signal },
  );
  root.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault(), {
    signal,
  });
  root.addEventListener(
    "dragleave",
    () => {
      depth = Math.max(0, depth - 1);
      mark();
    },
    { signal },
  );
  root.addEventListener(
    "drop",
    (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      mark();
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) onFiles(files);
    },
    { signal },
  );
}
