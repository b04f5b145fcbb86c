/** How every rule stands: its test loss and the way there, in the bar, where it stays in sight while figures scroll past. */
import { h, setText, svg } from "../dom";
import { lossOf } from "../figures/lines";
import { rulesShown } from "../figures/spec";
import { value } from "../format";
import { M } from "../messages";
import type { Metrics, Store } from "../store";

const WIDTH = 120;
const HEIGHT = 32;
/** Room for a line's width at the edges. */
const INSET = 2;
/** Points of a line: as many as can be told apart at this size. */
const POINTS = 60;
/** Numbers change at a pace that can be read, in ms. */
const CALM_MS = 250;

export class Standing {
  readonly element: HTMLElement;
  private readonly go: HTMLButtonElement;
  private readonly list = h("dl", { class: "standing-list", "aria-label": M.standing.label });
  private values = new Map<string, HTMLElement>();
  private lines: readonly SVGElement[] = [];
  private shape = "";
  private last = Number.NEGATIVE_INFINITY;

  /** `onCurves`: the reader wants to see the curves in full. */
  constructor(
    private readonly store: Store,
    private readonly now: () => number,
    onCurves: () => void,
  ) {
    this.go = h("button", { type: "button", class: "spark", title: M.standing.go });
    this.go.addEventListener("click", onCurves);
    this.element = h("div", { class: "standing", "data-control": "standing" }, this.go, this.list);
    store.on("config", () => this.draw());
    store.on("status", () => this.refresh());
    store.on("history", () => this.refresh());
  }

  /** While a run goes on, at a calm pace; where it stands when it stops, at once. */
  private refresh(): void {
    const running = this.store.status.phase === "running";
    if (!running || this.now() - this.last >= CALM_MS) this.draw();
  }

  private draw(): void {
    const rules = rulesShown(this.store);
    const shape = rules.map((rule) => rule.id).join();
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(rules);
    }
    const { test } = lossOf(this.store);
    const frames = rules.map((rule) => this.store.history.frames(rule.id));
    this.last = this.now();
    rules.forEach((rule, i) => {
      const last = frames[i]?.at(-1);
      const text = last === undefined ? M.status.none : value(test(last));
      const element = this.values.get(rule.id);
      if (element !== undefined) setText(element, text);
    });
    const paths = sparks(frames, test);
    this.lines.forEach((line, i) => {
      const d = paths[i] ?? "";
      if (line.getAttribute("d") !== d) line.setAttribute("d", d);
    });
  }

  private build(rules: ReturnType<typeof rulesShown>): void {
    this.values = new Map(rules.map((rule) => [rule.id, h("dd", {}, M.status.none)]));
    this.list.replaceChildren(
      ...rules.map((rule) =>
        h(
          "div",
          {},
          h("dt", {}, h("span", { class: "swatch", "data-rule": rule.id }), rule.short),
          this.values.get(rule.id) ?? null,
        ),
      ),
    );
    const drawing = svg(
      `0 0 ${WIDTH} ${HEIGHT}`,
      { preserveAspectRatio: "none" },
      ...rules.map((rule) => ({ "data-rule": rule.id })),
    );
    this.lines = [...drawing.querySelectorAll("path")];
    this.go.replaceChildren(h("span", {}, M.standing.name), drawing);
    this.element.dataset.many = String(rules.length > 6);
  }
}

/** One path a rule, all on the same axes: iterations across, the logarithm of the loss up. */
export function sparks(
  rules: readonly (readonly Metrics[])[],
  pick: (m: Metrics) => number,
): string[] {
  const lines = rules.map((frames) => {
    const every = Math.max(1, Math.ceil(frames.length / POINTS));
    return frames
      .filter((_, i) => i % every === 0 || i === frames.length - 1)
      .map((m) => ({ x: m.step, y: Math.log(pick(m)) }))
      .filter(({ y }) => Number.isFinite(y));
  });
  const all = lines.flat();
  const far = Math.max(...all.map(({ x }) => x));
  const low = Math.min(...all.map(({ y }) => y));
  const high = Math.max(...all.map(({ y }) => y));
  const along = (x: number): number => INSET + (x / (far || 1)) * (WIDTH - 2 * INSET);
  const up = (y: number): number =>
    HEIGHT - INSET - ((y - low) / (high - low || 1)) * (HEIGHT - 2 * INSET);
  return lines.map((line) =>
    line.length < 2
      ? ""
      : `M${line.map(({ x, y }) => `${along(x).toFixed(1)} ${up(y).toFixed(1)}`).join("L")}`,
  );
}
