/** What one step of each rule costs, as a table: passes, operations, speed, arithmetic rate. */
import { h, setText } from "../dom";
import { count, value } from "../format";
import { M } from "../messages";
import { COST as T } from "../messages/estimates";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";

export interface CostRow {
  readonly rule: RuleStyle;
  /** Forward passes for one update, and passes of the error downwards. */
  readonly forward: number;
  readonly down: number;
  /** Null without a run. */
  readonly flops: number | null;
  /** Null before the first measurement. */
  readonly msPerStep: number | null;
  readonly device: "cpu" | "gpu";
}

export interface CostData {
  readonly rows: readonly CostRow[];
  readonly parameters: number | null;
  /** The rule that operations are compared with. */
  readonly base: RuleStyle | null;
}

export class CostChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  // Roles are named: where the table becomes blocks, browsers would no longer take it for one.
  private readonly head = h("tr", { role: "row" });
  private readonly body = h("tbody", { role: "rowgroup" });
  private readonly line = h("p", { class: "readout" });
  private data: CostData | null = null;
  private shape = "";
  private cells: HTMLElement[][] = [];

  constructor(
    private readonly host: ChartHost,
    private readonly onDestroy: () => void,
  ) {
    const table = h(
      "table",
      { class: "cost", role: "table" },
      h("thead", { role: "rowgroup" }, this.head),
      this.body,
    );
    this.image = table;
    this.element = h(
      "div",
      { class: "cost-chart" },
      // What scrolls must scroll by keyboard, too.
      h("div", { class: "cost-scroll", tabindex: 0, role: "region", "aria-label": T.title }, table),
      this.line,
    );
  }

  set(data: CostData): void {
    this.data = data;
    this.host.queue.mark(this);
  }

  draw(): void {
    const { data } = this;
    if (data === null) return;
    const { head, rows } = this.table();
    const shape = `${head.join()}/${data.rows.map(({ rule }) => rule.id).join()}`;
    if (shape !== this.shape) this.build(shape, head, data.rows);
    rows.forEach((row, i) => {
      row.slice(1).forEach((text, k) => {
        const cell = this.cells[i]?.[k];
        if (cell !== undefined) setText(cell, text);
      });
    });
    setText(this.line, data.parameters === null ? "" : `${T.parameters(count(data.parameters))}.`);
  }

  restyle(): void {}

  rules(): readonly RuleStyle[] {
    return this.data?.rows.map(({ rule }) => rule) ?? [];
  }

  summary(): string {
    const parts = (this.data?.rows ?? []).flatMap(({ rule, flops, msPerStep }) =>
      flops === null || msPerStep === null
        ? []
        : [T.part(rule.short, T.mega(value(flops / 1e6)), count(1000 / msPerStep))],
    );
    return parts.length === 0 ? M.figure.empty : T.summary(parts.join("; "));
  }

  table(): Table {
    const { rows, base } = this.data ?? { rows: [], base: null };
    const whole = rows.find(({ rule }) => rule.id === base?.id)?.flops ?? null;
    return {
      head: [
        T.head.rule,
        T.head.speed,
        T.head.time,
        T.head.forward,
        T.head.down,
        T.head.flops,
        T.first(base?.short ?? "BP"),
        T.head.rate,
        T.head.device,
      ],
      rows: rows.map(({ rule, forward, down, flops, msPerStep: ms, device }) => [
        rule.short,
        ms === null ? T.notRun : count(1000 / ms),
        ms === null ? T.notRun : T.ms(value(ms)),
        String(forward),
        String(down),
        flops === null ? T.notRun : T.mega(value(flops / 1e6)),
        flops === null || whole === null ? T.notRun : `× ${(flops / whole).toFixed(2)}`,
        flops === null || ms === null ? T.notRun : T.giga(value(flops / ms / 1e6)),
        T.devices[device],
      ]),
    };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const { head, rows } = this.table();
    const { palette } = this.host;
    const step = width / head.length;
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "top";
    [head, ...rows].forEach((row, i) => {
      row.forEach((text, k) => {
        const rule = k === 0 && i > 0 ? this.data?.rows[i - 1]?.rule.id : undefined;
        ctx.fillStyle = palette.get(i === 0 ? "--ink-2" : "--ink");
        if (rule !== undefined) ctx.fillStyle = palette.rule(rule);
        ctx.textAlign = k === 0 ? "left" : "right";
        ctx.fillText(text, k === 0 ? 0 : (k + 1) * step - 4, i * 20, step - 6);
      });
    });
    return (rows.length + 1) * 20;
  }

  destroy(): void {
    this.host.queue.drop(this);
    this.onDestroy();
  }

  private build(shape: string, head: readonly string[], rows: readonly CostRow[]): void {
    this.shape = shape;
    this.head.replaceChildren(
      ...head.map((text) => h("th", { scope: "col", role: "columnheader" }, text)),
    );
    this.cells = rows.map(() =>
      head.slice(1).map((text) => h("td", { role: "cell", "data-label": text })),
    );
    this.body.replaceChildren(
      ...rows.map(({ rule }, i) =>
        h(
          "tr",
          { role: "row", "data-rule": rule.id },
          h(
            "th",
            { scope: "row", role: "rowheader", title: rule.label },
            h("span", { class: "swatch", "data-rule": rule.id }),
            rule.short,
          ),
          ...(this.cells[i] ?? []),
        ),
      ),
    );
  }
}
