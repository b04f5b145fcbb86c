/** Originals and each rule's reconstructions. A cell is one image, values from 0 to 1, rows × cols × channels. */
import { value } from "../format";
import { M } from "../messages";
import type { ChartHost, RuleStyle, Table } from "./chart";
import { DigitGrid, type Sample } from "./digit-grid";

export class ImageGrid extends DigitGrid<Float32Array> {
  constructor(host: ChartHost) {
    super(host, "images", M.images.original, M.images.hint);
  }

  summary(): string {
    const parts = this.losses().map(({ rule, losses }) => {
      const mean = losses.reduce((a, b) => a + b, 0) / Math.max(1, losses.length);
      return `${rule.short} ${value(mean)}`;
    });
    return parts.length === 0 ? M.figure.empty : M.images.summary(parts.join("; "));
  }

  table(): Table {
    const losses = this.losses();
    const rows = (this.data?.samples ?? []).map((sample, i) => [
      M.images.column(i, sample.label),
      ...losses.map((l) => value(l.losses[i])),
    ]);
    return { head: [M.images.lossPerDigit, ...losses.map((l) => l.rule.short)], rows };
  }

  protected readout(i: number): string {
    const parts = this.losses().map(({ rule, losses }) => `${rule.short} ${value(losses[i])}`);
    return M.images.readout(this.data?.samples[i]?.label ?? 0, parts.join(" · "));
  }

  protected cellHeight(size: number): number {
    return size;
  }

  protected drawCell(
    ctx: CanvasRenderingContext2D,
    cell: Float32Array,
    _sample: Sample,
    box: { x: number; size: number },
  ): void {
    this.drawDigit(ctx, cell, 1, box);
  }

  /** The paper's loss of each shown digit: half the summed squared error. */
  private losses(): { rule: RuleStyle; losses: number[] }[] {
    const data = this.data;
    if (data === null) return [];
    return data.rules.flatMap(({ rule, cells }) =>
      cells === null
        ? []
        : [{ rule, losses: cells.map((cell, i) => digitLoss(cell, data.samples[i]?.pixels)) }],
    );
  }
}

function digitLoss(output: Float32Array, pixels: Uint8Array | undefined): number {
  if (pixels === undefined) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < output.length; i++) {
    const d = (output[i] ?? 0) - (pixels[i] ?? 0) / 255;
    sum += d * d;
  }
  return sum / 2;
}
