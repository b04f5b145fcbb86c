/**
 * What a classifier takes for what: a table, rows the class shown, columns the class called, shaded by the share of
 * the row. Right answers in the rule's colour, mistakes in grey; where a cell stands says the same without colour.
 */
import { h, setText } from "../dom";
import { count, percent } from "../format";
import { M } from "../messages";
import { CONFUSION as T } from "../messages/estimates";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";
import { type Confusion, mistakes, shares } from "./confusion-math";
import { Choice } from "./matrix";

export interface ConfusionData {
  readonly rule: RuleStyle;
  readonly step: number;
  readonly found: Confusion;
}

const MOST_CLASSES = 20;

export class ConfusionChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private readonly choice: Choice;
  private readonly line = h("p", { class: "readout" }, T.waiting);
  private readonly body = h("tbody", {});
  private readonly head = h("tr", {});
  private cells: HTMLElement[][] = [];
  private data: ConfusionData | null = null;

  constructor(
    private readonly host: ChartHost,
    onRule: (id: string) => void,
    private readonly onDestroy: () => void,
  ) {
    this.choice = new Choice(T.rule, `${host.syncKey}-confusion`, onRule);
    const table = h("table", { class: "confusion" }, h("thead", {}, this.head), this.body);
    this.image = table;
    this.element = h(
      "div",
      { class: "confusion-chart" },
      h("div", { class: "map-tools" }, this.choice.element),
      h(
        "div",
        { class: "confusion-frame" },
        h("span", { class: "confusion-across", "aria-hidden": "true" }, T.called),
        h("span", { class: "confusion-down", "aria-hidden": "true" }, T.shown),
        table,
      ),
      this.line,
    );
  }

  setChoices(rules: readonly RuleStyle[], rule: string): void {
    this.choice.set(
      rules.map(({ id, short, label }) => ({ id, name: short, title: label, swatch: id })),
      rule,
    );
  }

  set(data: ConfusionData | null): void {
    this.data = data;
    this.host.queue.mark(this);
  }

  draw(): void {
    const { data } = this;
    this.element.dataset.rule = data?.rule.id ?? "";
    this.element.classList.toggle("empty", data === null);
    if (data === null) {
      setText(this.line, T.waiting);
      return;
    }
    const { classes } = data.found;
    setText(this.line, this.words(data));
    // A table of a hundred classes would be a wall: the sentence says where it fails.
    this.element.classList.toggle("words-only", classes > MOST_CLASSES);
    if (classes > MOST_CLASSES) return;
    if (this.cells.length !== classes) this.build(classes);
    const parts = shares(data.found);
    for (let shown = 0; shown < classes; shown++) {
      for (let called = 0; called < classes; called++) {
        const cell = this.cells[shown]?.[called];
        if (cell === undefined) continue;
        const n = data.found.counts[shown * classes + called] ?? 0;
        setText(cell, n === 0 ? "·" : count(n));
        const share = parts[shown * classes + called] ?? 0;
        // A root, so that one mistake in a hundred can be seen.
        cell.style.setProperty("--share", Math.sqrt(share).toFixed(3));
        cell.classList.toggle("nothing", n === 0);
      }
      const total = this.cells[shown]?.[classes];
      const all = rowSum(data.found, shown);
      const own = parts[shown * classes + shown] ?? 0;
      if (total !== undefined) setText(total, all === 0 ? "–" : percent(100 * own));
    }
  }

  restyle(): void {
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.data === null ? [] : [this.data.rule];
  }

  summary(): string {
    return this.data === null ? M.figure.empty : this.words(this.data);
  }

  table(): Table {
    const { data } = this;
    if (data === null) return { head: [], rows: [] };
    const { classes, counts } = data.found;
    const names = Array.from({ length: classes }, (_, i) => String(i));
    return {
      head: [`${T.shown} ＼ ${T.called}`, ...names],
      rows: names.map((name, i) => [
        name,
        ...Array.from(counts.subarray(i * classes, (i + 1) * classes), (n) => count(n)),
      ]),
    };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const { data } = this;
    if (data === null) return 0;
    const { palette } = this.host;
    const { classes, counts } = data.found;
    const left = 24;
    const across = Math.min(56, (width - left) / classes);
    const tall = Math.min(26, across);
    const parts = shares(data.found);
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (let i = 0; i < classes; i++) {
      ctx.fillStyle = palette.get("--ink-2");
      ctx.fillText(String(i), left + (i + 0.5) * across, tall / 2);
      ctx.fillText(String(i), left / 2, (i + 1.5) * tall);
      for (let k = 0; k < classes; k++) {
        const n = counts[i * classes + k] ?? 0;
        const x = left + k * across;
        const y = (i + 1) * tall;
        ctx.globalAlpha = (i === k ? 0.42 : 0.26) * Math.sqrt(parts[i * classes + k] ?? 0);
        ctx.fillStyle = i === k ? palette.rule(data.rule.id) : palette.get("--ink");
        ctx.fillRect(x + 1, y + 1, across - 2, tall - 2);
        ctx.globalAlpha = 1;
        ctx.fillStyle = palette.get(n === 0 ? "--ink-3" : "--ink");
        ctx.fillText(n === 0 ? "·" : count(n), x + across / 2, y + tall / 2);
      }
    }
    const bottom = (classes + 1) * tall + 12;
    ctx.textAlign = "left";
    ctx.fillStyle = palette.get("--ink-2");
    ctx.font = "11px system-ui, sans-serif";
    ctx.fillText(this.words(data), 0, bottom + 6);
    return bottom + 20;
  }

  destroy(): void {
    this.host.queue.drop(this);
    this.onDestroy();
  }

  private build(classes: number): void {
    const names = Array.from({ length: classes }, (_, i) => String(i));
    const corner = h(
      "td",
      {},
      h("span", { class: "visually-hidden" }, `${T.shown} ＼ ${T.called}`),
    );
    this.head.replaceChildren(
      corner,
      ...names.map((name) => h("th", { scope: "col" }, name)),
      h("th", { scope: "col", class: "score" }, T.right),
    );
    this.cells = names.map((_, i) => [
      ...names.map((_, k) => h("td", { class: i === k ? "hit" : "miss" })),
      h("td", { class: "score" }),
    ]);
    this.body.replaceChildren(
      ...names.map((name, i) =>
        h("tr", {}, h("th", { scope: "row" }, name), ...(this.cells[i] ?? [])),
      ),
    );
  }

  private words({ rule, step, found }: ConfusionData): string {
    const all = found.counts.reduce((sum, n) => sum + n, 0);
    let right = 0;
    for (let i = 0; i < found.classes; i++) right += found.counts[i * (found.classes + 1)] ?? 0;
    const worst = mistakes(found)
      .slice(0, 3)
      .map(({ shown, called, n }) => T.pair(shown, called, count(n)));
    return [
      `${T.digits(count(all), count(step))}.`,
      T.score(rule.short, percent((100 * right) / Math.max(1, all))),
      worst.length === 0 ? T.none : T.worst(worst.join(", ")),
    ].join(" ");
  }
}

function rowSum(found: Confusion, row: number): number {
  const { classes, counts } = found;
  return counts.subarray(row * classes, (row + 1) * classes).reduce((sum, n) => sum + n, 0);
}
