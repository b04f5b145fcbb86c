/**
 * The classifier's answers: for every digit and rule the chosen class, right or wrong, and a bar for
 * each of the ten scores. A cell is one row of outputs. With squared loss the scores are not
 * probabilities; bars are clipped to 0 … 1.
 */
import { value } from "../format";
import { M } from "../messages";
import type { ChartHost, RuleStyle, Table } from "./chart";
import { DigitGrid, type Sample } from "./digit-grid";

export class ScoreGrid extends DigitGrid<Float32Array> {
  constructor(host: ChartHost) {
    super(host, "scores", M.images.original, M.scores.hint);
  }

  summary(): string {
    const parts = (this.data?.rules ?? []).flatMap(({ rule, cells }) => {
      if (cells === null) return [];
      const right = cells.filter((c, i) => argmax(c) === this.data?.samples[i]?.label).length;
      return [`${rule.short} ${right}`];
    });
    return parts.length === 0 ? M.figure.empty : M.scores.summary(parts.join("; "));
  }

  table(): Table {
    const data = this.data;
    const rules = data?.rules ?? [];
    const rows = (data?.samples ?? []).map((sample, i) => [
      M.images.column(i, sample.label),
      ...rules.map(({ cells }) => {
        const cell = cells?.[i];
        if (cell === undefined) return "–";
        return `${argmax(cell)} ${argmax(cell) === sample.label ? "✓" : "✗"}`;
      }),
    ]);
    return { head: [M.latent.legend, ...rules.map(({ rule }) => rule.short)], rows };
  }

  protected readout(i: number): string {
    const label = this.data?.samples[i]?.label ?? 0;
    const parts = (this.data?.rules ?? []).flatMap(({ rule, cells }) => {
      const cell = cells?.[i];
      if (cell === undefined) return [];
      const answer = argmax(cell);
      const mark = answer === label ? M.scores.right : M.scores.wrong;
      return [M.scores.says(rule.short, answer, value(cell[answer]), mark)];
    });
    return M.scores.readout(label, `${parts.join("; ")}.`);
  }

  protected cellHeight(size: number): number {
    return Math.round(size * 0.95);
  }

  protected drawCell(
    ctx: CanvasRenderingContext2D,
    cell: Float32Array,
    sample: Sample,
    box: { x: number; size: number },
    rule: RuleStyle,
  ): void {
    const { palette } = this.host;
    const height = this.cellHeight(box.size);
    const answer = argmax(cell);
    const right = answer === sample.label;
    const text = Math.min(16, box.size * 0.4);
    ctx.font = `600 ${text}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    ctx.textAlign = "center";
    ctx.fillStyle = palette.get(right ? "--ink" : "--wrong");
    ctx.fillText(`${answer}${right ? "✓" : "✗"}`, box.x + box.size / 2, 2);
    const base = height - 2;
    const room = base - text - 6;
    const step = box.size / Math.max(1, cell.length);
    ctx.fillStyle = palette.get("--line");
    ctx.fillRect(box.x, base, box.size, 1);
    cell.forEach((score, k) => {
      const tall = Math.max(0, Math.min(1, score)) * room;
      ctx.fillStyle = k === answer ? palette.rule(rule.id) : palette.get("--ink-3");
      ctx.fillRect(box.x + k * step + step * 0.12, base - tall, step * 0.76, tall);
    });
  }
}

export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
