/**
 * Draws a plot of curves into any 2-D context: for image files, where uPlot's own canvas would be pixels.
 *
 * Knows axes, grid, lines, bands and dots. What a chart draws itself (marks, names at line ends) it draws through
 * the same `PlotLike` that it uses on uPlot.
 */
import { FONT } from "./sheet";

/** The part of a uPlot that a chart's own drawing needs. */
export interface PlotLike {
  readonly ctx: CanvasRenderingContext2D;
  readonly bbox: { readonly left: number; readonly top: number; width: number; height: number };
  valToPos(value: number, scale: string, canvasPixels: boolean): number;
}

export interface PaintAxis {
  readonly from: number;
  readonly to: number;
  readonly log: boolean;
  readonly ticks: readonly number[];
  readonly text: (value: number) => string;
}

export interface PaintLine {
  readonly y: readonly (number | null | undefined)[];
  readonly colour: string;
  readonly width: number;
  readonly dash: readonly number[];
  /** Diameter of a dot at every point; 0 for none. */
  readonly dots: number;
}

export interface PaintBand {
  readonly upper: readonly (number | null | undefined)[];
  readonly lower: readonly (number | null | undefined)[];
  readonly colour: string;
}

export interface PaintPlot {
  readonly width: number;
  readonly height: number;
  /** Room for the axes and for names at the right. */
  readonly room: { readonly left: number; readonly right: number; top: number; bottom: number };
  readonly x: PaintAxis;
  readonly y: PaintAxis;
  readonly gridX: boolean;
  readonly ink: string;
  readonly grid: string;
  readonly at: readonly number[];
  readonly bands: readonly PaintBand[];
  readonly lines: readonly PaintLine[];
  readonly behind: (plot: PlotLike) => void;
  readonly over: (plot: PlotLike) => void;
}

export function paintPlot(ctx: CanvasRenderingContext2D, spec: PaintPlot): void {
  const { room, x, y } = spec;
  const bbox = {
    left: room.left,
    top: room.top,
    width: spec.width - room.left - room.right,
    height: spec.height - room.top - room.bottom,
  };
  const px = place(x, bbox.left, bbox.width);
  const up = place(y, bbox.top + bbox.height, -bbox.height);
  const plot: PlotLike = { ctx, bbox, valToPos: (v, scale) => (scale === "x" ? px(v) : up(v)) };
  ctx.save();
  ctx.font = `11px ${FONT}`;
  ctx.fillStyle = spec.ink;
  ctx.strokeStyle = spec.grid;
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const tick of y.ticks) {
    segment(ctx, bbox.left, up(tick), bbox.left + bbox.width, up(tick));
    ctx.fillText(y.text(tick), bbox.left - 5, up(tick));
  }
  ctx.textBaseline = "top";
  ctx.textAlign = "center";
  for (const tick of x.ticks) {
    if (spec.gridX) segment(ctx, px(tick), bbox.top, px(tick), bbox.top + bbox.height);
    ctx.fillText(x.text(tick), px(tick), bbox.top + bbox.height + 5);
  }
  ctx.restore();
  spec.behind(plot);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 1, bbox.width + 1, bbox.height + 2);
  ctx.clip();
  for (const band of spec.bands) paintBand(ctx, spec, band, px, up);
  for (const line of spec.lines) paintLine(ctx, spec, line, px, up);
  ctx.restore();
  spec.over(plot);
}

function place(axis: PaintAxis, start: number, length: number): (v: number) => number {
  const flat = (v: number): number => (axis.log ? Math.log(Math.max(v, axis.from * 1e-3)) : v);
  const [a, b] = [flat(axis.from), flat(axis.to)];
  return (v) => start + ((flat(v) - a) / (b - a)) * length;
}

function segment(
  ctx: CanvasRenderingContext2D,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

type Placed = readonly (readonly [number, number])[];

/** Points with a value, from the one before the axis begins to the one after it ends. */
function points(
  { at, x }: PaintPlot,
  values: readonly (number | null | undefined)[],
  px: (v: number) => number,
  up: (v: number) => number,
): Placed {
  const found: [number, number][] = [];
  let before: [number, number] | null = null;
  for (const [i, v] of values.entries()) {
    const step = at[i];
    if (v === null || v === undefined || step === undefined) continue;
    const point: [number, number] = [px(step), up(v)];
    if (step < x.from) {
      before = point;
      continue;
    }
    if (before !== null) found.push(before);
    before = null;
    found.push(point);
    if (step > x.to) break;
  }
  return found;
}

function paintLine(
  ctx: CanvasRenderingContext2D,
  spec: PaintPlot,
  line: PaintLine,
  px: (v: number) => number,
  up: (v: number) => number,
): void {
  const found = points(spec, line.y, px, up);
  if (line.width > 0 && found.length > 1) {
    ctx.strokeStyle = line.colour;
    ctx.lineWidth = line.width;
    ctx.setLineDash([...line.dash]);
    ctx.beginPath();
    trace(ctx, found);
    ctx.stroke();
  }
  if (line.dots <= 0) return;
  ctx.fillStyle = line.colour;
  for (const [x, y] of found) {
    ctx.beginPath();
    ctx.arc(x, y, line.dots / 2, 0, 2 * Math.PI);
    ctx.fill();
  }
}

function paintBand(
  ctx: CanvasRenderingContext2D,
  spec: PaintPlot,
  band: PaintBand,
  px: (v: number) => number,
  up: (v: number) => number,
): void {
  const upper = points(spec, band.upper, px, up);
  const lower = points(spec, band.lower, px, up);
  if (upper.length < 2 || lower.length < 2) return;
  ctx.fillStyle = band.colour;
  ctx.beginPath();
  trace(ctx, upper);
  for (const [x, y] of [...lower].reverse()) ctx.lineTo(x, y);
  ctx.closePath();
  ctx.fill();
}

function trace(ctx: CanvasRenderingContext2D, found: Placed): void {
  for (const [i, [x, y]] of found.entries()) {
    if (i === 0) ctx.moveTo(x, y);
    else ctx.lineTo(x, y);
  }
}

/** Round numbers within, no closer than `space` apart on an axis of `length`, both in CSS pixels. */
export function niceTicks(from: number, to: number, space: number, length: number): number[] {
  const most = Math.max(1, Math.floor(length / space));
  const rough = (to - from) / most;
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough) ?? 10);
  const found: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/** Powers of ten within; finer where there is hardly one. */
export function decades(min: number, max: number): number[] {
  const found: number[] = [];
  for (let k = Math.ceil(Math.log10(min) - 1e-9); k <= Math.log10(max) + 1e-9; k++) {
    found.push(10 ** k);
  }
  return found.length >= 2 ? found : logTicks(min, max);
}

/** 1, 2, 5 … within the range, denser when the range is short; never an odd number at its edge. */
export function logTicks(min: number, max: number): number[] {
  if (!(min > 0) || !(max > min)) return [];
  let found: number[] = [];
  for (const steps of [
    [1],
    [1, 2, 5],
    [1, 1.5, 2, 3, 4, 5, 7],
    [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9],
  ]) {
    found = [];
    for (let k = Math.floor(Math.log10(min)); k <= Math.ceil(Math.log10(max)); k++) {
      for (const m of steps) {
        const t = Number((m * 10 ** k).toPrecision(3));
        if (t >= min && t <= max) found.push(t);
      }
    }
    if (found.length >= 3) break;
  }
  return found;
}

/** The smallest and largest value between two x, or null when there is none. */
export function extent(
  at: readonly number[],
  columns: readonly (readonly (number | null | undefined)[])[],
  from: number,
  to: number,
): [number, number] | null {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const [i, x] of at.entries()) {
    if (x < from || x > to) continue;
    for (const column of columns) {
      const v = column[i];
      if (v === null || v === undefined) continue;
      lo = Math.min(lo, v);
      hi = Math.max(hi, v);
    }
  }
  return hi >= lo ? [lo, hi] : null;
}

/**
 * Moving average over about `window` points with a value, the same number on either side: a curve neither lags nor
 * leaves its ends, where the window narrows.
 */
export function smoothed(
  values: readonly (number | null)[],
  window: number,
): readonly (number | null)[] {
  if (window <= 1) return values;
  const sums = [0];
  for (const v of values) if (v !== null) sums.push((sums.at(-1) ?? 0) + v);
  const n = sums.length - 1;
  const half = Math.floor(window / 2);
  let i = -1;
  return values.map((v) => {
    if (v === null) return null;
    i++;
    const side = Math.min(half, i, n - 1 - i);
    return ((sums[i + side + 1] ?? 0) - (sums[i - side] ?? 0)) / (2 * side + 1);
  });
}
