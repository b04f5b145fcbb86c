/**
 * Heat maps of one layer's weights: W, B and what lies between them, in three pictures on one symmetric
 * scale. A wide matrix is a strip over the whole width, weights to pixels are tiles, and what has more
 * cells than the screen has room for is thinned out. One cell can be read by pointer, tap or arrow keys.
 */
import { h, setText } from "../dom";
import { brief, count, percent, value } from "../format";
import { M } from "../messages";
import { MATRICES as T } from "../messages/matrices";
import { ANSWERED, type Chart, type ChartHost, type RuleStyle, type Table } from "./chart";
import {
  agree,
  type Comparison,
  compare,
  divergingRamp,
  isStrip,
  type Matrix,
  moved,
  paintRaster,
  pictureRaster,
  plainRaster,
  type Raster,
  scaleFor,
  summaryOf,
} from "./matrix-math";
import { rgb } from "./palette";
import { Surface } from "./surface";

/** What a weight connects, in words. */
export interface MatrixWords {
  readonly rows: string;
  readonly cols: string;
  readonly row: (i: number) => string;
  readonly col: (i: number) => string;
}

export interface MatrixData {
  readonly rule: RuleStyle;
  /** "W³", or "W⁴W³" where the error jumps. */
  readonly wName: string;
  readonly bName: string;
  readonly w: Matrix | null;
  /** Null where the rule has none. */
  readonly b: Matrix | null;
  /** Said above the pictures; empty for nothing. */
  readonly note: string;
  readonly words: MatrixWords;
  /** The rows are the pixels of such a picture. */
  readonly picture: { readonly height: number; readonly width: number } | null;
}

export interface MatrixChoices {
  readonly rules: readonly RuleStyle[];
  readonly rule: string;
  /** Weight layers, such as 2, and their names. */
  readonly layers: readonly { readonly layer: number; readonly name: string }[];
  readonly layer: number;
}

export interface MatrixPorts {
  rule(id: string): void;
  layer(layer: number): void;
  onDestroy(): void;
}

type Third = "difference" | "signs";
type Part = "w" | "b" | Third;

interface Panel {
  readonly part: Part;
  readonly element: HTMLElement;
  readonly name: HTMLElement;
  readonly what: HTMLElement;
  readonly surface: Surface;
}

/** Width of a tile in CSS pixels, about. */
const TILE = 56;
const TILE_ROWS = 4;
const TILES_ACROSS = [3, 8] as const;
/** A line of a strip, and the tallest a cell may be, in CSS pixels. */
const LINE = 18;
const CELL_MOST = 30;
/** Cells that Page Up and Page Down go, where there is nothing to turn. */
const LEAP = 10;
const GAP = 18;
const BAR_STEPS = 48;

export class MatrixChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private readonly tools: HTMLElement;
  private readonly ruleChoice: Choice;
  private readonly layerChoice: Choice;
  private readonly thirdChoice: Choice;
  private readonly note = h("p", { class: "map-note" });
  private readonly axes = h("p", { class: "map-axes" });
  private readonly line = h("p", { class: "readout" });
  private readonly spoken = h("p", { class: "visually-hidden", "aria-live": "polite" });
  private readonly pager: HTMLElement;
  private readonly pagerText = h("span", {});
  private readonly pagerButtons: readonly HTMLButtonElement[];
  private readonly scaleRow = h("div", { class: "map-scale" });
  private readonly scaleBar: Surface;
  private readonly scaleText = [h("span", {}), h("span", {}, "0"), h("span", {})] as const;
  private readonly legend: HTMLElement;
  private readonly scaleNote = h("span", { class: "map-scale-note" });
  private readonly panels: readonly Panel[];
  private readonly scratch = h("canvas", {});
  private data: MatrixData | null = null;
  private found: Comparison | null = null;
  private third: Third = "difference";
  private scale = 0;
  private from = 0;
  private raster: Raster | null = null;
  private rasterKey = "";
  private ramp: Uint32Array | null = null;
  private pixels: ImageData | null = null;
  /** Position in the raster. */
  private cursor: number | null = null;

  constructor(
    private readonly host: ChartHost,
    private readonly choose: MatrixPorts,
  ) {
    const uid = `${host.syncKey}-maps`;
    this.ruleChoice = new Choice(T.rule, `${uid}-rule`, (id) => choose.rule(id));
    this.layerChoice = new Choice(T.layer, `${uid}-layer`, (id) => choose.layer(Number(id)));
    this.thirdChoice = new Choice(T.third, `${uid}-third`, (id) => this.setThird(id as Third));
    this.thirdChoice.set(
      [
        { id: "difference", name: T.difference },
        { id: "signs", name: T.signs },
      ],
      this.third,
    );
    this.tools = h(
      "div",
      { class: "map-tools" },
      this.ruleChoice.element,
      this.layerChoice.element,
      this.thirdChoice.element,
    );
    this.panels = [this.panel("w"), this.panel("b"), this.panel("difference")];
    this.image = h(
      "div",
      { class: "weight-maps", role: "img", tabindex: 0 },
      ...this.panels.map((panel) => panel.element),
    );
    this.scaleBar = new Surface(
      "scale-bar",
      () => 10,
      () => host.queue.mark(this),
    );
    this.legend = h(
      "span",
      { class: "map-legend" },
      h("span", { class: "legend-item" }, h("span", { class: "sign-same" }), T.sameSign),
      h("span", { class: "legend-item" }, h("span", { class: "sign-other" }), T.otherSign),
    );
    const [low, zero, high] = this.scaleText;
    this.scaleRow.append(
      h(
        "span",
        { class: "scale-figure" },
        this.scaleBar.canvas,
        h("span", { class: "scale-text" }, low, zero, high),
      ),
      this.legend,
      this.scaleNote,
    );
    const turn = (label: string, sign: string, by: number): HTMLButtonElement => {
      const button = h("button", { type: "button", class: "quiet", "aria-label": label }, sign);
      button.addEventListener("click", () => this.turn(by));
      return button;
    };
    this.pagerButtons = [turn(T.previous, "‹", -1), turn(T.next, "›", 1)];
    this.pager = h("div", { class: "map-pager" }, this.pagerText, ...this.pagerButtons);
    this.element = h(
      "div",
      { class: "matrix-chart" },
      this.tools,
      this.note,
      this.image,
      h("div", { class: "map-below" }, this.scaleRow, this.pager),
      this.axes,
      this.line,
      this.spoken,
    );
    this.image.addEventListener("keydown", (event) => this.key(event));
    this.image.addEventListener("blur", () => this.point(null));
    setText(this.line, T.waiting);
  }

  setChoices(choices: MatrixChoices): void {
    this.ruleChoice.set(
      choices.rules.map(({ id, short, label }) => ({ id, name: short, title: label, swatch: id })),
      choices.rule,
    );
    this.layerChoice.set(
      choices.layers.map(({ layer, name }) => ({ id: String(layer), name })),
      String(choices.layer),
    );
  }

  /** Null while there are no weights yet. */
  set(data: MatrixData | null): void {
    const before = this.data;
    const other =
      before?.rule.id !== data?.rule.id ||
      before?.wName !== data?.wName ||
      before?.w?.values.length !== data?.w?.values.length;
    this.data = data;
    if (other) {
      this.scale = 0;
      this.from = 0;
      this.cursor = null;
    }
    const { w = null, b = null } = data ?? {};
    this.found = w !== null && b !== null ? compare(w.values, b.values) : null;
    const all = [w, b].flatMap((m) => (m === null ? [] : [m.values]));
    if (all.length > 0) this.scale = scaleFor(all, this.scale);
    this.host.queue.mark(this);
    this.element.dispatchEvent(new Event(ANSWERED));
  }

  draw(): void {
    const { data } = this;
    this.words();
    if (data === null) return;
    const shown = this.shown();
    const matrix = data.w ?? data.b;
    for (const panel of this.panels) panel.element.hidden = !shown.includes(panel);
    if (matrix === null) return;
    const strip = data.picture === null && isStrip(matrix.rows, matrix.cols);
    this.image.classList.toggle("stacked", strip);
    this.image.classList.toggle("alone", shown.length === 1);
    const [first] = shown;
    const width = first?.surface.canvas.clientWidth ?? 0;
    if (width === 0) return;
    this.raster = this.rasterFor(data, matrix, width);
    for (const panel of shown) {
      const { surface } = panel;
      if (!surface.fit()) continue;
      surface.ctx.clearRect(0, 0, surface.width, surface.height);
      this.drawPart(surface.ctx, data, panel.part, surface.width, surface.height);
      this.drawCursor(surface.ctx, surface.width, surface.height);
    }
    this.drawScale();
    this.words();
  }

  restyle(): void {
    this.ramp = null;
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.data === null ? [] : [this.data.rule];
  }

  summary(): string {
    const { data, found } = this;
    const matrix = data?.w ?? data?.b ?? null;
    if (data === null || matrix === null) return M.figure.empty;
    const shape = shapeText(matrix);
    if (found === null) {
      const name = data.w === null ? data.bName : data.wName;
      return `${T.summaryOne(data.rule.short, name, shape)} ${data.note}`.trim();
    }
    const names = `${data.wName} and ${data.bName}`;
    return T.summary(data.rule.short, names, shape, value(found.distance), percent(found.signs));
  }

  table(): Table {
    const { data, found } = this;
    if (data === null) return { head: [], rows: [] };
    const { w, b } = data;
    const columns: { name: string; values: Float32Array }[] = [];
    if (w !== null) columns.push({ name: data.wName, values: w.values });
    if (b !== null) columns.push({ name: data.bName, values: b.values });
    if (w !== null && b !== null) {
      const values = b.values.map((v, i) => v - (w.values[i] ?? 0));
      columns.push({ name: T.differenceOf(data.wName, data.bName), values });
    }
    const all = columns.map(({ values }) => summaryOf(values));
    const rows = [
      [T.table.rms, ...all.map(({ rms }) => value(rms))],
      [T.table.smallest, ...all.map(({ smallest }) => signed(smallest))],
      [T.table.largest, ...all.map(({ largest }) => signed(largest))],
    ];
    if (found !== null) {
      rows.push(
        [T.table.distance, "", value(found.distance), ""],
        [T.table.signs, "", percent(found.signs), ""],
        [T.table.correlation, "", signed(found.correlation), ""],
      );
    }
    return { head: [T.table.measure, ...columns.map(({ name }) => name)], rows };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const { data } = this;
    const matrix = data?.w ?? data?.b ?? null;
    if (data === null || matrix === null) return 0;
    const shown = this.shown();
    const stacked = data.picture === null && isStrip(matrix.rows, matrix.cols);
    const size =
      stacked || shown.length === 1 ? width : (width - GAP * (shown.length - 1)) / shown.length;
    const raster = this.rasterFor(data, matrix, size);
    const height = heightOf(raster, size);
    this.raster = raster;
    const { palette } = this.host;
    shown.forEach(({ part }, i) => {
      ctx.save();
      if (stacked) ctx.translate(0, i * (height + 26));
      else ctx.translate(i * (size + GAP), 0);
      ctx.font = "600 12px system-ui, sans-serif";
      ctx.textBaseline = "top";
      ctx.fillStyle = palette.get("--ink");
      ctx.fillText(this.nameOf(data, part), 0, 0);
      ctx.translate(0, 18);
      this.drawPart(ctx, data, part, size, height);
      ctx.restore();
    });
    const bottom = stacked ? shown.length * (height + 26) : height + 26;
    ctx.save();
    ctx.translate(0, bottom);
    this.drawBar(ctx, 160, 10);
    ctx.font = "11px system-ui, sans-serif";
    ctx.fillStyle = palette.get("--ink-2");
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    ctx.fillText(`−${brief(this.scale)}`, 0, 14);
    ctx.textAlign = "right";
    ctx.fillText(brief(this.scale), 160, 14);
    ctx.restore();
    // The screen has a size of its own.
    this.rasterKey = "";
    this.host.queue.mark(this);
    return bottom + 28;
  }

  destroy(): void {
    for (const panel of this.panels) panel.surface.destroy();
    this.scaleBar.destroy();
    this.host.queue.drop(this);
    this.choose.onDestroy();
  }

  private panel(part: Part): Panel {
    const surface: Surface = new Surface(
      "weight-map",
      (width) => (this.raster === null ? width / 2 : heightOf(this.raster, width)),
      () => this.host.queue.mark(this),
    );
    const name = h("span", { class: "map-name" });
    const what = h("span", { class: "map-what" });
    const element = h(
      "div",
      { class: "weight-panel" },
      h("p", { class: "map-head" }, name, what),
      surface.canvas,
    );
    const { canvas } = surface;
    const at = (event: PointerEvent): void => this.point(this.locate(canvas, event));
    canvas.addEventListener("pointermove", at);
    canvas.addEventListener("pointerdown", at);
    canvas.addEventListener("pointerleave", (event) => {
      // A finger that is lifted leaves, too; what it touched stays to be read.
      if (event.pointerType !== "touch") this.point(null);
    });
    return { part, element, name, what, surface };
  }

  private shown(): Panel[] {
    const [w, b, third] = this.panels;
    const { data } = this;
    if (data === null || w === undefined || b === undefined || third === undefined) return [];
    if (data.b === null) return [w];
    if (data.w === null) return [b];
    return [w, b, third];
  }

  private nameOf(data: MatrixData, part: Part): string {
    if (part === "w") return data.wName;
    if (part === "b") return data.bName;
    if (this.third === "signs") return T.signs;
    return T.differenceOf(data.wName, data.bName);
  }

  private rasterFor(data: MatrixData, matrix: Matrix, width: number): Raster {
    const key = [
      Math.round(width),
      matrix.rows,
      matrix.cols,
      data.picture?.width ?? "",
      this.from,
    ].join();
    if (this.raster !== null && key === this.rasterKey) return this.raster;
    const [least, most] = TILES_ACROSS;
    const across = Math.max(least, Math.min(most, Math.round(width / TILE)));
    const raster =
      data.picture === null
        ? plainRaster(matrix.rows, matrix.cols, width)
        : pictureRaster(matrix, data.picture, { across, down: TILE_ROWS, from: this.from });
    if (this.raster?.index.length !== raster.index.length) this.cursor = null;
    this.rasterKey = key;
    return raster;
  }

  private drawPart(
    ctx: CanvasRenderingContext2D,
    data: MatrixData,
    part: Part,
    width: number,
    height: number,
  ): void {
    const { raster } = this;
    const w = data.w?.values;
    const b = data.b?.values;
    if (raster === null) return;
    const { columns, rows } = raster;
    const image =
      this.pixels?.width === columns && this.pixels.height === rows
        ? this.pixels
        : new ImageData(columns, rows);
    this.pixels = image;
    const out = new Uint32Array(image.data.buffer);
    if (part !== "w" && part !== "b" && this.third === "signs") {
      const same = rgb(this.host.palette.rule(data.rule.id));
      const other = rgb(this.host.palette.get("--shade"));
      const two = divergingRamp(other, other, same);
      paintRaster(out, raster, two, 1, (at) => (agree(w?.[at] ?? 0, b?.[at] ?? 0) ? 1 : -1));
    } else {
      const pick =
        part === "w"
          ? (at: number) => w?.[at] ?? Number.NaN
          : part === "b"
            ? (at: number) => b?.[at] ?? Number.NaN
            : (at: number) => (b?.[at] ?? Number.NaN) - (w?.[at] ?? Number.NaN);
      paintRaster(out, raster, this.colours(), this.scale, pick);
    }
    const { scratch } = this;
    if (scratch.width !== columns || scratch.height !== rows) {
      scratch.width = columns;
      scratch.height = rows;
    }
    scratch.getContext("2d")?.putImageData(image, 0, 0);
    // Strokes of a picture may be smooth; a weight is a cell with edges.
    ctx.imageSmoothingEnabled = raster.kind === "pictures";
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(scratch, 0, 0, width, height);
    if (raster.kind === "plain") {
      ctx.strokeStyle = this.host.palette.get("--line");
      ctx.lineWidth = 1;
      ctx.strokeRect(0.5, 0.5, width - 1, height - 1);
    }
  }

  private drawCursor(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { raster, cursor } = this;
    if (raster === null || cursor === null) return;
    const [cw, ch] = [width / raster.columns, height / raster.rows];
    const x = (cursor % raster.columns) * cw;
    const y = Math.floor(cursor / raster.columns) * ch;
    // Large enough to be found, however small the cell.
    const grow = Math.max(0, (7 - Math.min(cw, ch)) / 2);
    ctx.lineWidth = 3;
    ctx.strokeStyle = this.host.palette.get("--paper");
    ctx.strokeRect(x - grow, y - grow, cw + 2 * grow, ch + 2 * grow);
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = this.host.palette.get("--ink");
    ctx.strokeRect(x - grow, y - grow, cw + 2 * grow, ch + 2 * grow);
  }

  private colours(): Uint32Array {
    const { palette } = this.host;
    this.ramp ??= divergingRamp(
      rgb(palette.get("--map-minus")),
      rgb(palette.get("--map-zero")),
      rgb(palette.get("--map-plus")),
    );
    return this.ramp;
  }

  private drawScale(): void {
    const { scaleBar } = this;
    if (!scaleBar.fit()) return;
    scaleBar.ctx.clearRect(0, 0, scaleBar.width, scaleBar.height);
    this.drawBar(scaleBar.ctx, scaleBar.width, scaleBar.height);
  }

  private drawBar(ctx: CanvasRenderingContext2D, width: number, height: number): void {
    const { palette } = this.host;
    // In steps: a vector file has no gradient of its own.
    const colours = [
      palette.get("--map-minus"),
      palette.get("--map-zero"),
      palette.get("--map-plus"),
    ];
    const [minus = [], zero = [], plus = []] = colours.map(rgb);
    for (let i = 0; i < BAR_STEPS; i++) {
      const t = (2 * i) / (BAR_STEPS - 1) - 1;
      const end = t < 0 ? minus : plus;
      const mix = zero.map((v, c) => Math.round(v + ((end[c] ?? 0) - v) * Math.abs(t)));
      ctx.fillStyle = `rgb(${mix.join(" ")})`;
      const from = Math.floor((i * width) / BAR_STEPS);
      ctx.fillRect(from, 0, Math.ceil(((i + 1) * width) / BAR_STEPS) - from, height);
    }
    ctx.strokeStyle = palette.get("--line-strong");
    ctx.lineWidth = 1;
    ctx.strokeRect(0.5, 0.5, width - 1, height - 1);
  }

  /** Everything in words around the pictures. */
  private words(): void {
    const { data, found, raster } = this;
    const matrix = data?.w ?? data?.b ?? null;
    const both = found !== null;
    this.element.classList.toggle("empty", matrix === null);
    this.thirdChoice.element.hidden = !both;
    this.legend.hidden = !both || this.third !== "signs";
    setText(this.note, data?.note ?? "");
    this.note.hidden = this.note.textContent === "";
    this.scaleRow.hidden = matrix === null;
    this.legend.dataset.rule = data?.rule.id ?? "";
    setText(this.scaleText[0], `−${brief(this.scale)}`);
    setText(this.scaleText[2], brief(this.scale));
    setText(this.scaleNote, both ? T.scale : T.scaleOne);
    this.pager.hidden = raster?.kind !== "pictures" || raster.shown === raster.all;
    if (raster !== null && data !== null && matrix !== null) {
      setText(this.axes, axesText(raster, matrix, data.words));
      const [previous, next] = this.pagerButtons;
      const last = raster.from + raster.shown;
      setText(this.pagerText, T.units(count(raster.from + 1), count(last), count(raster.all)));
      if (previous !== undefined) previous.disabled = raster.from === 0;
      if (next !== undefined) next.disabled = last >= raster.all;
    }
    if (data !== null) {
      for (const panel of this.panels) {
        setText(panel.name, this.nameOf(data, panel.part));
        const third = this.third === "signs" ? "" : T.missing;
        const what = { w: T.forward, b: T.feedback, difference: third, signs: third };
        setText(panel.what, what[panel.part]);
      }
    }
    setText(this.line, this.lineText());
  }

  private lineText(): string {
    const { data, found } = this;
    if (data === null) return T.waiting;
    if (this.cursor !== null) return this.cellText(data, this.cursor);
    if (found === null) return T.hint;
    const { short } = data.rule;
    return `${T.distance(short, value(found.distance), percent(found.signs))} ${T.hint}`;
  }

  private cellText(data: MatrixData, cursor: number): string {
    const at = this.raster?.index[cursor] ?? -1;
    const matrix = data.w ?? data.b;
    if (at < 0 || matrix === null) return T.hint;
    const [row, col] = [Math.floor(at / matrix.cols), at % matrix.cols];
    const where = T.cell(data.words.col(col), data.words.row(row));
    const w = data.w?.values[at];
    const b = data.b?.values[at];
    if (w === undefined || b === undefined) {
      const name = w === undefined ? data.bName : data.wName;
      return `${where}: ${T.one(name, signed(w ?? b))}`;
    }
    return `${where}: ${T.values(signed(w), signed(b), signed(b - w), agree(w, b))}`;
  }

  private locate(canvas: HTMLCanvasElement, event: PointerEvent): number | null {
    const { raster } = this;
    if (raster === null) return null;
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * raster.columns);
    const y = Math.floor(((event.clientY - box.top) / box.height) * raster.rows);
    if (x < 0 || y < 0 || x >= raster.columns || y >= raster.rows) return null;
    const cell = y * raster.columns + x;
    return (raster.index[cell] ?? -1) < 0 ? null : cell;
  }

  private point(cell: number | null): void {
    if (cell === this.cursor) return;
    this.cursor = cell;
    this.host.queue.mark(this);
  }

  private key(event: KeyboardEvent): void {
    const { raster, data } = this;
    if (raster === null || data === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const step = steps[event.key];
    if (step !== undefined) {
      const first = raster.index.findIndex((at) => at >= 0);
      const [dx, dy] = step;
      const far = event.shiftKey ? LEAP : 1;
      this.point(this.cursor === null ? first : moved(raster, this.cursor, dx, dy, far));
    } else if (event.key === "PageDown" || event.key === "PageUp") {
      if (this.pager.hidden) return;
      this.turn(event.key === "PageDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      this.point(null);
    } else return;
    event.preventDefault();
    if (this.cursor !== null) setText(this.spoken, this.cellText(data, this.cursor));
  }

  private turn(by: number): void {
    const { raster } = this;
    if (raster === null) return;
    const room = Math.max(1, raster.shown < raster.all - raster.from ? raster.shown : this.room());
    const from = raster.from + by * room;
    if (from < 0 || from >= raster.all) return;
    this.from = from;
    this.host.queue.mark(this);
    setText(this.spoken, "");
  }

  /** Tiles on a full page. */
  private room(): number {
    const tile = this.data?.picture?.width ?? 1;
    return Math.round(((this.raster?.columns ?? 0) + 2) / (tile + 2)) * TILE_ROWS;
  }

  private setThird(third: Third): void {
    this.third = third;
    this.host.queue.mark(this);
  }
}

function heightOf(raster: Raster, width: number): number {
  const cell = width / raster.columns;
  if (raster.kind === "pictures") return cell * raster.rows;
  const strip = isStrip(raster.rows, raster.columns);
  return Math.min(CELL_MOST, Math.max(cell, strip ? LINE : 0)) * raster.rows;
}

function axesText(raster: Raster, matrix: Matrix, words: MatrixWords): string {
  if (raster.kind === "pictures") return T.axes.pictures(count(raster.all));
  const { turned } = raster;
  const [rows, cols] = turned ? [words.cols, words.rows] : [words.rows, words.cols];
  const text = T.axes.plain(rows, cols);
  if (raster.every === 1) return text;
  return `${text} ${T.axes.thinned(raster.every, count(matrix.rows), count(matrix.cols))}`;
}

function shapeText({ rows, cols }: Matrix): string {
  return `${count(rows)} × ${count(cols)}`;
}

function signed(v: number | undefined): string {
  if (v === undefined) return "–";
  return v < 0 ? `−${value(-v)}` : value(v);
}

interface Option {
  readonly id: string;
  readonly name: string;
  readonly title?: string;
  readonly swatch?: string;
}

/** A row of radio buttons whose options may change. */
export class Choice {
  readonly element: HTMLElement;
  private readonly box = h("div", { class: "segments" });
  private shape = "";
  private radios: HTMLInputElement[] = [];

  constructor(
    label: string,
    private readonly group: string,
    private readonly onChoose: (id: string) => void,
  ) {
    this.element = h(
      "fieldset",
      { class: "inline-group" },
      h("legend", { class: "visually-hidden" }, label),
      this.box,
    );
  }

  set(options: readonly Option[], chosen: string): void {
    const shape = options.map(({ id, name }) => `${id}=${name}`).join();
    if (shape !== this.shape) {
      this.shape = shape;
      this.radios = options.map(({ id }) => {
        const radio = h("input", { type: "radio", name: this.group, value: id });
        radio.addEventListener("change", () => this.onChoose(id));
        return radio;
      });
      this.box.replaceChildren(
        ...options.map(({ name, title, swatch }, i) =>
          h(
            "label",
            { title: title ?? null },
            this.radios[i] ?? null,
            h(
              "span",
              {},
              swatch === undefined ? null : h("span", { class: "swatch", "data-rule": swatch }),
              name,
            ),
          ),
        ),
      );
    }
    for (const radio of this.radios) radio.checked = radio.value === chosen;
    this.element.hidden = options.length < 2;
  }
}
