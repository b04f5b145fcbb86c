/**
 * Curves over iterations, drawn by uPlot: shared cursor, live legend, labels at the line ends.
 *
 * Takes columns (x and one y per series, null for "no value"); a logarithmic axis leaves out what is
 * not positive. uPlot decimates to pixels. A moving average is drawn over its own raw curve, which stays
 * faintly visible; legend and table always give the values as measured. Image files are painted by
 * plot-paint.ts, so that they can be vectors. The plot is one image to a screen reader; legend, summary
 * and table say the same in words.
 */
import uPlot from "uplot";
import { h, setText, svg } from "../dom";
import { count, tick } from "../format";
import { M } from "../messages";
import { C } from "../messages/lab";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";
import { type Span, Zoom, ZoomGestures } from "./line-zoom";
import {
  decades,
  extent,
  logTicks,
  niceTicks,
  type PaintAxis,
  type PlotLike,
  paintPlot,
  smoothed,
} from "./plot-paint";
import { FONT } from "./sheet";

export { logTicks } from "./plot-paint";

export interface LineSeries {
  readonly rule: RuleStyle;
  /** Which of the rule's lines: "test", "W²". */
  readonly part: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly values: readonly (number | null)[];
  /** Written at the right end of the line; empty for none. */
  readonly endLabel: string;
  /** Letter of the pinned run that it belongs to: drawn faint, behind the others. */
  readonly pin?: string;
}

/** `from` and `to` are what the axis must show; data may extend it. `focus` ignores the first drop. */
export type LineRange =
  | { readonly kind: "fixed"; readonly from: number; readonly to: number }
  | { readonly kind: "focus" };

export interface LineData {
  readonly title: string;
  readonly axis: string;
  /** How a value is written in legend, summary and table. */
  readonly format: (v: number | null | undefined) => string;
  readonly x: readonly number[];
  readonly series: readonly LineSeries[];
  /** A dotted line that means something, such as chance; the caption says what. */
  readonly mark: number | null;
  /** Fixed ticks of the y axis; null leaves them to the chart. */
  readonly ticks: readonly number[] | null;
  readonly log: boolean;
  /** Logarithmic along: iteration 0 has no place there. */
  readonly logX: boolean;
  /** Points in a moving average; 0 or 1 for none. */
  readonly smooth: number;
  readonly range: LineRange;
  /** Iterations shaded at the left: the warm-up. */
  readonly shadeTo: number;
  readonly summary: (parts: string) => string;
}

/** Height of a plot in CSS pixels: a wide chart may be taller, a narrow one stays readable. */
const plotHeight = (width: number): number => Math.round(clamp(0.6 * width, 210, 290));
/** Room for the names at the line ends, in CSS pixels: at least so much, or so much a letter. */
const RIGHT = 40;
const LETTER = 6.4;
const endRoom = (data: LineData): number =>
  Math.max(RIGHT, ...data.series.map((s) => Math.ceil(12 + LETTER * s.endLabel.length)));
const LEFT = 44;
const BELOW = 24;
const ABOVE = 10;
/** What is left of a colour in pinned curves and in raw ones behind their average, as hex digits. */
const FAINT = "80";
const RAW = "40";
/** Distance between two end labels so that they stay readable, in CSS pixels. */
const LABEL_GAP = 12;
/** See focusRange. */
const HEADROOM = 2;
/** Rows of the data table; more would be a download, and there is one. */
const TABLE_ROWS = 12;

export class LineChart implements Chart {
  readonly element: HTMLElement;
  private readonly legend = h("div", { class: "legend-table", "aria-hidden": "true" });
  readonly image: HTMLElement;
  private readonly plotHost: HTMLElement;
  private readonly observer: ResizeObserver;
  /** As drawn last. */
  private data: LineData | null = null;
  /** What has come since, to be made into columns when it is drawn and not before. */
  private make: (() => LineData) | null = null;
  private plot: uPlot | null = null;
  private shape = "";
  private legendShape = "";
  private legendValues: { key: string; element: HTMLElement }[] = [];
  private cursor: number | null = null;
  readonly footTools: HTMLElement;
  private readonly zoom: Zoom;
  private readonly gestures: ZoomGestures;
  private readonly unsubscribe: () => void;

  constructor(private readonly host: ChartHost) {
    this.plotHost = h("div", { class: "plot", role: "img" });
    this.image = this.plotHost;
    this.element = h("div", { class: "line-chart" }, this.legend, this.plotHost);
    this.observer = new ResizeObserver(() => this.host.queue.mark(this));
    this.observer.observe(this.plotHost);
    this.zoom = host.zoom ?? new Zoom();
    this.unsubscribe = this.zoom.on(() => this.host.queue.mark(this));
    this.gestures = new ZoomGestures(this.plotHost, this.zoom, {
      full: () => this.full(),
      log: () => this.data?.logX === true,
      over: () => this.plot?.over ?? null,
      at: (px) => this.plot?.posToVal(px, "x") ?? 0,
      walk: (direction) => this.walk(direction),
    });
    this.footTools = this.gestures.tools;
  }

  /** Columns are asked for once a drawing, however often there is something new. */
  set(make: () => LineData): void {
    this.make = make;
    this.host.queue.mark(this);
  }

  private fresh(): LineData | null {
    if (this.make !== null) this.data = this.make();
    this.make = null;
    return this.data;
  }

  draw(): void {
    const data = this.fresh();
    const width = this.plotHost.clientWidth;
    if (data === null || width === 0) return;
    const shape = JSON.stringify([
      data.title,
      data.log,
      data.logX,
      data.smooth > 1,
      data.axis,
      data.range.kind,
      data.series.map((s) => [s.rule.id, s.part, s.pin]),
    ]);
    if (this.plot === null || shape !== this.shape) {
      this.plot?.destroy();
      this.shape = shape;
      this.plot = new uPlot(this.options(data, width), aligned(data), this.plotHost);
    } else {
      if (this.plot.width !== width) this.plot.setSize({ width, height: plotHeight(width) });
      this.plot.setData(aligned(data));
    }
    this.drawLegend(data);
  }

  restyle(): void {
    this.shape = "";
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    const data = this.fresh();
    return data === null ? [] : groups(data).map(({ rule, pin }) => named(rule, pin));
  }

  summary(): string {
    const data = this.fresh();
    if (data === null || data.x.length === 0) return M.figure.empty;
    const parts = groups(data).map(({ rule, pin, series }) => {
      const own = series.map((s) => {
        const v = data.format(last(s.values));
        return series.length > 1 ? `${s.part} ${v}` : v;
      });
      return `${named(rule, pin).short} ${own.join(", ")}`;
    });
    return data.summary(parts.join("; "));
  }

  table(): Table {
    const data = this.fresh();
    if (data === null) return { head: [M.figure.iteration], rows: [] };
    const head = [
      M.figure.iteration,
      ...data.series.map((s) => `${named(s.rule, s.pin).short} ${s.part}`.trim()),
    ];
    const n = data.x.length;
    const wanted = Math.min(TABLE_ROWS, n);
    const rows: string[][] = [];
    for (let r = 0; r < wanted; r++) {
      const i = wanted === 1 ? n - 1 : Math.round((r * (n - 1)) / (wanted - 1));
      rows.push([count(data.x[i] ?? 0), ...data.series.map((s) => data.format(s.values[i]))]);
    }
    return { head, rows };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const data = this.fresh();
    if (data === null) return 0;
    const { palette } = this.host;
    const height = plotHeight(width);
    const right = endRoom(data);
    const [at, ...ys] = aligned(data) as [number[], ...(number | null)[][]];
    const [from, to] = this.across(at[0] ?? null, at.at(-1) ?? null);
    const seen = extent(at, ys, from, to);
    const [bottom, upper] = this.range(seen?.[0] ?? null, seen?.[1] ?? null);
    const x: PaintAxis = {
      from,
      to,
      log: data.logX,
      ticks: data.logX ? decades(from, to) : niceTicks(from, to, 70, width - LEFT - right),
      text: tick,
    };
    const fixed = data.ticks?.filter((t) => t >= bottom && t <= upper);
    const room = height - ABOVE - BELOW;
    const y: PaintAxis = {
      from: bottom,
      to: upper,
      log: data.log,
      ticks: data.log ? logTicks(bottom, upper) : (fixed ?? niceTicks(bottom, upper, 34, room)),
      text: tick,
    };
    const top = this.paintKey(ctx, data);
    ctx.save();
    ctx.translate(0, top);
    paintPlot(ctx, {
      width,
      height,
      room: { left: LEFT + 4, right, top: ABOVE, bottom: BELOW },
      x,
      y,
      gridX: false,
      ink: palette.get("--ink-2"),
      grid: palette.get("--line"),
      at,
      bands: [],
      lines: drawn(data).map((line, i) => ({
        y: ys[i] ?? [],
        colour: palette.rule(line.series.rule.id) + line.alpha,
        width: line.width,
        dash: line.series.dash,
        dots: at.length < 2 ? 5 : 0,
      })),
      behind: (plot) => {
        this.drawShade(plot);
        this.drawMark(plot, 1);
      },
      over: (plot) => this.drawEnds(plot, 1),
    });
    ctx.restore();
    return top + height;
  }

  /** Which dash is which, for the image file; returns its height. */
  private paintKey(ctx: CanvasRenderingContext2D, data: LineData): number {
    const parts = [...new Map(data.series.map((s) => [s.part, s])).values()];
    if (parts.length < 2) return 0;
    ctx.save();
    ctx.strokeStyle = this.host.palette.get("--ink-2");
    ctx.fillStyle = this.host.palette.get("--ink-2");
    ctx.font = `12px ${FONT}`;
    ctx.textBaseline = "middle";
    let x = 0;
    for (const s of parts) {
      ctx.setLineDash([...s.dash]);
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      ctx.moveTo(x, 8);
      ctx.lineTo(x + 26, 8);
      ctx.stroke();
      ctx.fillText(s.part, x + 32, 8);
      x += 32 + ctx.measureText(s.part).width + 18;
    }
    ctx.restore();
    return 20;
  }

  destroy(): void {
    this.observer.disconnect();
    this.unsubscribe();
    this.gestures.destroy();
    this.host.queue.drop(this);
    this.plot?.destroy();
  }

  /** All iterations that there is something of; null while there is no width to show. */
  private full(): Span | null {
    const { data } = this;
    if (data === null) return null;
    const first = data.logX ? data.x.find((x) => x > 0) : data.x[0];
    const end = data.x.at(-1);
    return first !== undefined && end !== undefined && end > first ? [first, end] : null;
  }

  private across(min: number | null, max: number | null): [number, number] {
    const { span } = this.zoom;
    if (span !== null && this.full() !== null) {
      // A logarithmic axis has no place for what lies at or below zero.
      const least = this.data?.logX ? Math.max(span[0], this.full()?.[0] ?? 1) : span[0];
      return [Math.min(least, span[1] * 0.999), span[1]];
    }
    const from = min ?? (this.data?.logX ? 1 : 0);
    return [from, Math.max(max ?? from + 1, this.data?.logX ? from * 1.5 : from + 1)];
  }

  /** Moves the cursor, and with it that of the other figures, from point to point. */
  private walk(direction: -1 | 1): void {
    const { plot } = this;
    if (plot === null) return;
    const xs = plot.data[0];
    const { span } = this.zoom;
    const inside = (i: number): boolean => {
      const x = xs[i];
      return x !== undefined && (span === null || (x >= span[0] && x <= span[1]));
    };
    let i = this.cursor === null ? (direction > 0 ? -1 : xs.length) : this.cursor;
    // One point a pixel is as fine as the eye goes.
    const start = this.cursor === null ? Number.NEGATIVE_INFINITY : plot.valToPos(xs[i] ?? 0, "x");
    do i += direction;
    while (
      i > 0 &&
      i < xs.length - 1 &&
      (!inside(i) || Math.abs(plot.valToPos(xs[i] ?? 0, "x") - start) < 1)
    );
    const x = xs[i];
    if (x === undefined || !inside(i)) return;
    plot.setCursor({ left: plot.valToPos(x, "x"), top: 1 }, true);
  }

  private options(data: LineData, width: number): uPlot.Options {
    const palette = this.host.palette;
    const axis = (extra: uPlot.Axis): uPlot.Axis => ({
      stroke: () => palette.get("--ink-2"),
      font: `11px ${FONT}`,
      labelFont: `11px ${FONT}`,
      labelGap: 0,
      gap: 5,
      grid: { stroke: () => palette.get("--line"), width: 1 },
      ticks: { show: false },
      ...extra,
    });
    return {
      width,
      height: plotHeight(width),
      padding: [ABOVE, endRoom(data), 0, 4],
      legend: { show: false },
      cursor: {
        drag: { x: false, y: false },
        sync: { key: this.host.syncKey, setSeries: false },
        y: false,
        points: { size: 6, width: 0 },
      },
      scales: {
        x: {
          time: false,
          distr: data.logX ? 3 : 1,
          range: (_u, min, max) => this.across(min, max),
        },
        y: { distr: data.log ? 3 : 1, range: (_u, min, max) => this.range(min, max) },
      },
      axes: [
        axis({
          size: BELOW,
          space: 70,
          values: (_u, v) => v.map((n) => (n === null || n === undefined ? "" : tick(n))),
          grid: { show: false },
          ...(data.logX && {
            splits: (_u: uPlot, _axis: number, min: number, max: number) => decades(min, max),
            filter: (_u: uPlot, splits: number[]) => splits,
          }),
        }),
        axis({
          size: LEFT,
          space: 34,
          values: (_u, v) => v.map((n) => (n === null || n === undefined ? "" : tick(n))),
          ...this.ticks(data),
        }),
      ],
      series: [
        {},
        ...drawn(data).map(({ series: s, alpha, width: wide }) => ({
          label: `${s.rule.short} ${s.part}`,
          stroke: () => palette.rule(s.rule.id) + alpha,
          width: wide,
          dash: [...s.dash],
          spanGaps: true,
          points: { show: (u: uPlot) => u.data[0].length < 2, size: 5 },
        })),
      ],
      hooks: {
        drawClear: [(u) => this.drawShade(u)],
        drawAxes: [(u) => this.drawMark(u, uPlot.pxRatio)],
        draw: [(u) => this.drawEnds(u, uPlot.pxRatio)],
        setCursor: [(u) => this.moved(u)],
      },
    };
  }

  private ticks(data: LineData): Pick<uPlot.Axis, "splits" | "filter"> {
    const fixed = data.ticks;
    if (!data.log && fixed === null) return {};
    return {
      splits: (_u, _axis, min, max) =>
        data.log ? logTicks(min, max) : (fixed ?? []).filter((t) => t >= min && t <= max),
      filter: (_u, splits) => splits,
    };
  }

  private range(min: number | null, max: number | null): [number, number] {
    const data = this.data;
    if (data === null || min === null || max === null) return data?.log ? [0.1, 10] : [0, 1];
    if (data.log) return [min * 0.85, max * 1.18];
    if (data.range.kind === "fixed") {
      return [
        Math.min(data.range.from, min),
        max > data.range.to ? Math.max(max, fixedTop(data)) : data.range.to,
      ];
    }
    // Who looks closer, or at the beginning, wants to see all that is there.
    const all = this.zoom.span !== null || data.logX;
    const focus = all ? [min, max] : focusRange(data);
    const [low = 0, high = 1] = focus;
    const pad = Math.max((high - low) * 0.08, Math.abs(high) * 0.02) || 1;
    return [Math.max(0, low - pad), high + pad];
  }

  private drawShade(u: PlotLike): void {
    const until = this.data?.shadeTo ?? 0;
    if (until <= 0) return;
    const left = u.bbox.left;
    const right = Math.min(left + u.bbox.width, u.valToPos(until, "x", true));
    if (!(right > left)) return;
    u.ctx.save();
    u.ctx.fillStyle = this.host.palette.get("--shade");
    u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
    u.ctx.restore();
  }

  private drawMark(u: PlotLike, px: number): void {
    const mark = this.data?.mark ?? null;
    if (mark === null) return;
    const y = u.valToPos(mark, "y", true);
    if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) return;
    const { ctx } = u;
    ctx.save();
    ctx.strokeStyle = this.host.palette.get("--ink-2");
    ctx.lineWidth = px;
    ctx.setLineDash([px, 3 * px]);
    ctx.beginPath();
    ctx.moveTo(u.bbox.left, y);
    ctx.lineTo(u.bbox.left + u.bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  /** Names at the line ends: colour is never the only way to tell lines apart. */
  private drawEnds(u: PlotLike, px: number): void {
    const data = this.data;
    if (data === null) return;
    const end = this.across(data.x[0] ?? null, data.x.at(-1) ?? null)[1];
    const ends: { y: number; text: string; colour: string }[] = [];
    for (const s of data.series) {
      const shown = smoothed(s.values, data.smooth);
      const v = lastUntil(data.x, shown, end);
      if (s.endLabel === "" || v === null || (data.log && v <= 0)) continue;
      const y = u.valToPos(v, "y", true);
      const colour = this.host.palette.rule(s.rule.id) + (s.pin === undefined ? "" : "b0");
      ends.push({ y: clamp(y, u.bbox.top, u.bbox.top + u.bbox.height), text: s.endLabel, colour });
    }
    spread(ends, LABEL_GAP * px, u.bbox.top, u.bbox.top + u.bbox.height);
    const { ctx } = u;
    ctx.save();
    ctx.font = `600 ${10.5 * px}px ${FONT}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    for (const end of ends) {
      ctx.fillStyle = end.colour;
      ctx.fillText(end.text, u.bbox.left + u.bbox.width + 5 * px, end.y);
    }
    ctx.restore();
  }

  private moved(u: uPlot): void {
    const idx = u.cursor.idx ?? null;
    const at = (u.cursor.left ?? -1) < 0 ? null : idx;
    if (at === this.cursor) return;
    this.cursor = at;
    if (this.data !== null) this.drawLegend(this.data);
  }

  private drawLegend(data: LineData): void {
    const shape = JSON.stringify(data.series.map((s) => [s.rule.id, s.part, s.dash, s.pin]));
    if (shape !== this.legendShape) {
      this.legendShape = shape;
      this.buildLegend(data);
    }
    const at = this.cursor === null ? null : this.cursor + left(data);
    for (const { key, element } of this.legendValues) {
      const own = data.series.find((s) => keyOf(s) === key);
      const shown = own === undefined ? null : at === null ? last(own.values) : own.values[at];
      setText(element, data.format(shown));
    }
  }

  /** Legend and readings in one: a row a rule, a column a kind of line. */
  private buildLegend(data: LineData): void {
    this.legendValues = [];
    const parts = [...new Map(data.series.map((s) => [s.part, s])).values()];
    this.legend.style.setProperty("--parts", String(parts.length));
    const cells: HTMLElement[] = [];
    if (parts.length > 1) {
      cells.push(h("span", {}));
      for (const s of parts) {
        cells.push(h("span", { class: "legend-part" }, lineSample(s.dash), s.part));
      }
    }
    for (const { rule, pin, series } of groups(data)) {
      const swatch = h("span", { class: "swatch", "data-rule": rule.id });
      const { short, label } = named(rule, pin);
      const kind = pin === undefined ? "legend-item" : "legend-item pinned";
      cells.push(h("span", { class: kind, title: label }, swatch, short));
      for (const { part } of parts) {
        const element = h("span", { class: "legend-value" });
        const own = series.find((s) => s.part === part);
        if (own !== undefined) this.legendValues.push({ key: keyOf(own), element });
        cells.push(element);
      }
    }
    this.legend.replaceChildren(...cells);
  }
}

function lineSample(dash: readonly number[]): SVGElement {
  const path = { d: "M1 4H23", "stroke-dasharray": dash.length > 0 ? dash.join(" ") : null };
  return svg("0 0 24 8", { class: "line-sample" }, path);
}

interface Group {
  readonly rule: RuleStyle;
  readonly pin: string | undefined;
  readonly series: LineSeries[];
}

const keyOf = (s: LineSeries): string => `${s.rule.id}/${s.pin ?? ""}/${s.part}`;

/** Of a run, its rules; first of the present one. */
function groups(data: LineData): Group[] {
  const found = new Map<string, Group>();
  const order = [...data.series].sort(
    (a, b) => Number(a.pin !== undefined) - Number(b.pin !== undefined),
  );
  for (const s of order) {
    const key = `${s.rule.id}/${s.pin ?? ""}`;
    const group = found.get(key) ?? { rule: s.rule, pin: s.pin, series: [] };
    group.series.push(s);
    found.set(key, group);
  }
  return [...found.values()];
}

/** "NP A": a rule of the pinned run A. */
function named(rule: RuleStyle, pin: string | undefined): RuleStyle {
  if (pin === undefined) return rule;
  return { id: rule.id, short: `${rule.short} ${pin}`, label: C.pins.of(rule.label, pin) };
}

interface Drawn {
  readonly series: LineSeries;
  readonly values: readonly (number | null)[];
  /** Two hex digits behind the colour, or none. */
  readonly alpha: string;
  readonly width: number;
}

/** Lines from back to front: pinned ones, raw ones behind their average, and those that matter. */
function drawn(data: LineData): Drawn[] {
  const pinned: Drawn[] = [];
  const raw: Drawn[] = [];
  const front: Drawn[] = [];
  for (const series of data.series) {
    const { values, width } = series;
    if (series.pin !== undefined) {
      pinned.push({
        series,
        values: smoothed(values, data.smooth),
        alpha: FAINT,
        width: width * 0.7,
      });
      continue;
    }
    if (data.smooth > 1) raw.push({ series, values, alpha: RAW, width: 1 });
    front.push({ series, values: smoothed(values, data.smooth), alpha: "", width });
  }
  return [...pinned, ...raw, ...front];
}

/** Columns that have no place on a logarithmic axis. */
function left({ logX, x }: LineData): number {
  if (!logX) return 0;
  const first = x.findIndex((v) => v > 0);
  return first < 0 ? x.length : first;
}

function aligned(data: LineData): uPlot.AlignedData {
  const from = left(data);
  const ys = drawn(data).map(({ values }) => {
    const shown = from > 0 ? values.slice(from) : values;
    return data.log ? shown.map((v) => (v !== null && v > 0 ? v : null)) : [...shown];
  });
  return [data.x.slice(from), ...ys];
}

/** The last value that is in sight. */
function lastUntil(
  x: readonly number[],
  values: readonly (number | null)[],
  end: number,
): number | null {
  for (let i = values.length - 1; i >= 0; i--) {
    const v = values[i];
    if (v !== null && v !== undefined && (x[i] ?? 0) <= end) return v;
  }
  return null;
}

function last(values: readonly (number | null)[]): number | null {
  for (let i = values.length - 1; i >= 0; i--) {
    const v = values[i];
    if (v !== null && v !== undefined) return v;
  }
  return null;
}

const clamp = (v: number, lo: number, hi: number): number => Math.min(hi, Math.max(lo, v));

/** An angle axis grows from 100 to 180 in one go, once anything points the wrong way. */
function fixedTop(data: LineData): number {
  return data.mark === 90 ? 180 : 0;
}

/**
 * Loss falls steeply at the very start (with a warm-up: after it); an axis that shows that drop shows
 * nothing else. The top is the largest value after the first tenth of the learning, or everything
 * while the run is short.
 */
function focusRange(data: LineData): [number, number] {
  const n = data.x.length;
  const end = data.x[n - 1] ?? 0;
  const start = end > data.shadeTo ? data.shadeTo : 0;
  const begin = start + (end - start) * 0.1;
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const s of data.series) {
    for (let i = 0; i < n; i++) {
      const v = s.values[i];
      if (v === null || v === undefined) continue;
      lo = Math.min(lo, v);
      if ((data.x[i] ?? 0) >= begin) hi = Math.max(hi, v);
    }
  }
  const now = Math.max(...data.series.map((s) => last(s.values) ?? 0));
  hi = Math.min(hi, Math.max(now * HEADROOM, lo));
  return hi >= lo ? [lo, hi] : [0, 1];
}

/** Moves labels apart, keeping their order and staying inside. */
export function spread(items: { y: number }[], gap: number, top: number, bottom: number): void {
  items.sort((a, b) => a.y - b.y);
  let floor = top;
  for (const item of items) {
    item.y = Math.max(item.y, floor);
    floor = item.y + gap;
  }
  let ceiling = bottom;
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i];
    if (item === undefined) continue;
    item.y = Math.min(item.y, ceiling);
    ceiling = item.y - gap;
  }
}
