/**
 * Ten test digits in a row and, below, one row a rule: the frame shared by the picture grid and the
 * score grid. Columns can be pointed at or walked with the arrow keys; a line of text then compares
 * the rules. Subclasses say how one cell is drawn and what it means.
 */
import { h, setText } from "../dom";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";
import { Surface } from "./surface";

/** Of a picture, in values: channels is 1 for grey, 3 for red, green and blue. */
export interface PictureShape {
  readonly rows: number;
  readonly cols: number;
  readonly channels: number;
}

export interface Sample {
  readonly label: number;
  /** Bytes, rows × cols × channels. */
  readonly pixels: Uint8Array;
}

export interface GridData<Cell> extends PictureShape {
  readonly samples: readonly Sample[];
  readonly rules: readonly { readonly rule: RuleStyle; readonly cells: readonly Cell[] | null }[];
}

const GAP = 4;

interface Row {
  readonly label: HTMLElement;
  readonly surface: Surface;
}

export abstract class DigitGrid<Cell> implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  protected data: GridData<Cell> | null = null;
  private rows: Row[] = [];
  private shape = "";
  private selected: number | null = null;
  private readonly line: HTMLElement;
  private readonly scratch = h("canvas", {});

  constructor(
    protected readonly host: ChartHost,
    className: string,
    private readonly originalLabel: string,
    private readonly hint: string,
  ) {
    this.image = h("div", { class: `digit-grid ${className}`, role: "img", tabindex: 0 });
    this.line = h("p", { class: "readout" }, hint);
    this.element = h("div", {}, this.image, this.line);
    this.image.addEventListener("pointermove", (event) => this.point(event));
    this.image.addEventListener("pointerleave", () => this.select(null));
    this.image.addEventListener("blur", () => this.select(null));
    this.image.addEventListener("keydown", (event) => this.key(event));
  }

  set(data: GridData<Cell>): void {
    this.data = data;
    // The line of text is of what is shown now, which may have come only after the column was pointed at.
    if (this.selected !== null) this.select(this.selected);
    this.host.queue.mark(this);
  }

  draw(): void {
    const data = this.data;
    if (data === null) return;
    const shape = data.rules.map((r) => r.rule.id).join();
    if (this.rows.length === 0 || shape !== this.shape) this.build(data, shape);
    this.rows.forEach((row, r) => {
      const { surface } = row;
      if (!surface.fit()) return;
      surface.ctx.clearRect(0, 0, surface.width, surface.height);
      this.drawRow(surface.ctx, data, r, surface.width);
      this.drawSelection(surface.ctx, data, surface.width, surface.height);
    });
  }

  restyle(): void {
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.data?.rules.map(({ rule }) => rule) ?? [];
  }

  abstract summary(): string;
  abstract table(): Table;
  /** One sentence about column `i`. */
  protected abstract readout(i: number): string;
  protected abstract drawCell(
    ctx: CanvasRenderingContext2D,
    cell: Cell,
    sample: Sample,
    box: { x: number; size: number },
    rule: RuleStyle,
  ): void;
  /** Height of a rule's row for cells of this width. */
  protected abstract cellHeight(size: number): number;

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const data = this.data;
    if (data === null) return 0;
    const left = 74;
    let y = 0;
    for (let r = 0; r <= data.rules.length; r++) {
      const rule = data.rules[r - 1]?.rule;
      const height = this.rowHeight(data, r, width - left);
      ctx.save();
      ctx.translate(0, y);
      ctx.fillStyle =
        rule === undefined ? this.host.palette.get("--ink-2") : this.host.palette.rule(rule.id);
      ctx.font = "600 12px system-ui, sans-serif";
      ctx.textBaseline = "middle";
      ctx.fillText(rule?.short ?? this.originalLabel, 0, height / 2);
      ctx.translate(left, 0);
      this.drawRow(ctx, data, r, width - left);
      ctx.restore();
      y += height + GAP;
    }
    return y;
  }

  destroy(): void {
    for (const row of this.rows) row.surface.destroy();
    this.host.queue.drop(this);
  }

  /** A picture with values from 0 to `white`: grey ones are drawn between paper and ink. */
  protected drawDigit(
    ctx: CanvasRenderingContext2D,
    values: ArrayLike<number>,
    white: number,
    box: { x: number; size: number },
  ): void {
    const data = this.data;
    if (data === null) return;
    const picture = digitCanvas(values, white, data, this.host.palette.ramp(), this.scratch);
    ctx.imageSmoothingEnabled = true;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(picture, box.x, 0, box.size, box.size);
  }

  private build(data: GridData<Cell>, shape: string): void {
    this.shape = shape;
    for (const row of this.rows) row.surface.destroy();
    const rules: (RuleStyle | undefined)[] = [undefined, ...data.rules.map((r) => r.rule)];
    this.rows = rules.map((rule, r) => {
      const surface = new Surface(
        "strip",
        (width) => (this.data === null ? 0 : this.rowHeight(this.data, r, width)),
        () => this.host.queue.mark(this),
      );
      const label =
        rule === undefined
          ? h("span", { class: "row-label" }, this.originalLabel)
          : h(
              "span",
              { class: "row-label", title: rule.label },
              h("span", { class: "swatch", "data-rule": rule.id }),
              rule.short,
            );
      return { label, surface };
    });
    this.image.replaceChildren(
      ...this.rows.map((row) => h("div", { class: "strip-row" }, row.label, row.surface.canvas)),
    );
  }

  private rowHeight(data: GridData<Cell>, row: number, width: number): number {
    const size = cellSize(data.samples.length, width);
    return row === 0 ? size : this.cellHeight(size);
  }

  private drawRow(
    ctx: CanvasRenderingContext2D,
    data: GridData<Cell>,
    row: number,
    width: number,
  ): void {
    const size = cellSize(data.samples.length, width);
    data.samples.forEach((sample, i) => {
      const box = { x: i * (size + GAP), size };
      if (row === 0) {
        this.drawDigit(ctx, sample.pixels, 255, box);
        return;
      }
      const entry = data.rules[row - 1];
      const cell = entry?.cells?.[i];
      if (entry !== undefined && cell !== undefined)
        this.drawCell(ctx, cell, sample, box, entry.rule);
      else {
        ctx.fillStyle = this.host.palette.get("--shade");
        ctx.fillRect(box.x, 0, size, this.cellHeight(size));
      }
    });
  }

  private drawSelection(
    ctx: CanvasRenderingContext2D,
    data: GridData<Cell>,
    width: number,
    height: number,
  ): void {
    if (this.selected === null) return;
    const size = cellSize(data.samples.length, width);
    ctx.strokeStyle = this.host.palette.get("--ink");
    ctx.lineWidth = 1.5;
    ctx.strokeRect(this.selected * (size + GAP) + 0.75, 0.75, size - 1.5, height - 1.5);
  }

  private point(event: PointerEvent): void {
    const strip = this.rows[0]?.surface.canvas;
    const data = this.data;
    if (strip === undefined || data === null) return;
    const box = strip.getBoundingClientRect();
    const i = Math.floor(((event.clientX - box.left) / box.width) * data.samples.length);
    this.select(i >= 0 && i < data.samples.length ? i : null);
  }

  private key(event: KeyboardEvent): void {
    const n = this.data?.samples.length ?? 0;
    const at = this.selected ?? (event.key === "ArrowLeft" ? n : -1);
    const next =
      event.key === "ArrowRight"
        ? at + 1
        : event.key === "ArrowLeft"
          ? at - 1
          : event.key === "Escape"
            ? null
            : undefined;
    if (next === undefined || n === 0) return;
    event.preventDefault();
    this.select(next === null ? null : (next + n) % n);
  }

  private select(i: number | null): void {
    if (i !== this.selected) {
      this.selected = i;
      this.host.queue.mark(this);
    }
    setText(this.line, i === null || this.data === null ? this.hint : this.readout(i));
  }
}

function cellSize(n: number, width: number): number {
  return Math.max(1, (width - GAP * (n - 1)) / Math.max(1, n));
}

/** The two colours that grey pictures are drawn between, as RGB triples. */
interface Ramp {
  readonly paper: readonly number[];
  readonly ink: readonly number[];
}

/**
 * values: rows × cols × channels from 0 to `white`; beyond that range they are clipped, as a screen must.
 * `canvas` may be one to use again: this runs for dozens of pictures a second.
 */
export function digitCanvas(
  values: ArrayLike<number>,
  white: number,
  shape: PictureShape,
  ramp: Ramp,
  canvas: HTMLCanvasElement = h("canvas", {}),
): HTMLCanvasElement {
  const { rows, cols } = shape;
  if (canvas.width !== cols || canvas.height !== rows) {
    canvas.width = cols;
    canvas.height = rows;
  }
  const ctx = canvas.getContext("2d");
  if (ctx === null) return canvas;
  const image = ctx.createImageData(cols, rows);
  paintPixels(image.data, values, white, shape.channels, ramp);
  ctx.putImageData(image, 0, 0);
  return canvas;
}

/** Fills RGBA bytes: colours as they are, grey between paper and ink. */
export function paintPixels(
  rgba: Uint8ClampedArray,
  values: ArrayLike<number>,
  white: number,
  channels: number,
  ramp: Ramp,
): void {
  const share = (at: number): number => Math.min(1, Math.max(0, (values[at] ?? 0) / white));
  const [r = 0, g = 0, b = 0] = ramp.paper;
  const [dr, dg, db] = [(ramp.ink[0] ?? 0) - r, (ramp.ink[1] ?? 0) - g, (ramp.ink[2] ?? 0) - b];
  for (let at = 0; at < rgba.length; at += 4) {
    const from = (at / 4) * channels;
    const v = share(from);
    if (channels >= 3) {
      rgba[at] = 255 * v;
      rgba[at + 1] = 255 * share(from + 1);
      rgba[at + 2] = 255 * share(from + 2);
    } else {
      rgba[at] = r + v * dr;
      rgba[at + 1] = g + v * dg;
      rgba[at + 2] = b + v * db;
    }
    rgba[at + 3] = 255;
  }
}
