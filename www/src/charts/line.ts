/**
 * Curves over iterations, drawn by uPlot: shared cursor, live legend, labels at the line ends.
 *
 * Takes columns (x and one y per series, null for "no value"); a logarithmic axis leaves out what is
 * not positive. uPlot decimates to pixels. The plot is one image to a screen reader; legend, summary
 * and table say the same in words.
 */
import uPlot from "uplot";
import { h, setText, svg } from "../dom";
import { count, tick } from "../format";
import { M } from "../messages";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";

export interface LineSeries {
  readonly rule: RuleStyle;
  /** Which of the rule's lines: "test", "W²". */
  readonly part: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly values: readonly (number | null)[];
  /** Written at the right end of the line; empty for none. */
  readonly endLabel: string;
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
  readonly range: LineRange;
  /** Iterations shaded at the left: the warm-up. */
  readonly shadeTo: number;
  readonly summary: (parts: string) => string;
}

/** Height of a plot in CSS pixels: a wide chart may be taller, a narrow one stays readable. */
const plotHeight = (width: number): number => Math.round(clamp(0.6 * width, 210, 290));
const RIGHT = 40;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
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
  private data: LineData | null = null;
  private plot: uPlot | null = null;
  private shape = "";
  private legendShape = "";
  private legendValues: { key: string; element: HTMLElement }[] = [];
  private cursor: number | null = null;

  constructor(private readonly host: ChartHost) {
    this.plotHost = h("div", { class: "plot", role: "img" });
    this.image = this.plotHost;
    this.element = h("div", { class: "line-chart" }, this.legend, this.plotHost);
    this.observer = new ResizeObserver(() => this.host.queue.mark(this));
    this.observer.observe(this.plotHost);
  }

  set(data: LineData): void {
    this.data = data;
    this.host.queue.mark(this);
  }

  draw(): void {
    const data = this.data;
    const width = this.plotHost.clientWidth;
    if (data === null || width === 0) return;
    const shape = JSON.stringify([
      data.title,
      data.log,
      data.axis,
      data.range.kind,
      data.series.map((s) => [s.rule.id, s.part]),
    ]);
    if (this.plot === null || shape !== this.shape) {
      this.plot?.destroy();
      this.shape = shape;
      this.plot = new uPlot(this.options(data, width, 1), aligned(data), this.plotHost);
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
    return this.data === null ? [] : groups(this.data).map(({ rule }) => rule);
  }

  summary(): string {
    const data = this.data;
    if (data === null || data.x.length === 0) return M.figure.empty;
    const parts = groups(data).map(({ rule, series }) => {
      const own = series.map((s) => {
        const v = data.format(last(s.values));
        return series.length > 1 ? `${s.part} ${v}` : v;
      });
      return `${rule.short} ${own.join(", ")}`;
    });
    return data.summary(parts.join("; "));
  }

  table(): Table {
    const data = this.data;
    if (data === null) return { head: [M.figure.iteration], rows: [] };
    const head = [
      M.figure.iteration,
      ...data.series.map((s) => `${s.rule.short} ${s.part}`.trim()),
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
    const data = this.data;
    if (data === null) return 0;
    // A second plot at twice the size with everything doubled gives crisp lines on any screen.
    const scale = 2;
    const holder = h("div", { class: "offscreen" });
    this.element.append(holder);
    const options = this.options(data, width * scale, scale);
    const plot = new uPlot(options, aligned(data), holder);
    // uPlot commits in a microtask; a batch commits at its end, so that the pixels are there now.
    plot.batch(() => plot.setData(aligned(data), true));
    const canvas = plot.ctx.canvas;
    const top = this.paintKey(ctx, data);
    ctx.drawImage(canvas, 0, top, width, plotHeight(width));
    plot.destroy();
    holder.remove();
    return top + plotHeight(width);
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
    this.host.queue.drop(this);
    this.plot?.destroy();
  }

  private options(data: LineData, width: number, scale: number): uPlot.Options {
    const palette = this.host.palette;
    const axis = (extra: uPlot.Axis): uPlot.Axis => ({
      stroke: () => palette.get("--ink-2"),
      font: `${11 * scale}px ${FONT}`,
      labelFont: `${11 * scale}px ${FONT}`,
      labelGap: 0,
      gap: 5 * scale,
      grid: { stroke: () => palette.get("--line"), width: scale },
      ticks: { show: false },
      ...extra,
    });
    return {
      width,
      height: plotHeight(width / scale) * scale,
      padding: [10 * scale, RIGHT * scale, 0, 4 * scale],
      legend: { show: false },
      cursor:
        scale === 1
          ? {
              drag: { x: false, y: false },
              sync: { key: this.host.syncKey, setSeries: false },
              y: false,
              points: { size: 6, width: 0 },
            }
          : { show: false },
      scales: {
        x: { time: false, range: (_u, min, max) => [min ?? 0, Math.max(max ?? 1, (min ?? 0) + 1)] },
        y: { distr: data.log ? 3 : 1, range: (_u, min, max) => this.range(min, max) },
      },
      axes: [
        axis({
          size: 24 * scale,
          space: 70 * scale,
          values: (_u, v) => v.map(tick),
          grid: { show: false },
        }),
        axis({
          size: 44 * scale,
          space: 34 * scale,
          values: (_u, v) => v.map((n) => (n === null || n === undefined ? "" : tick(n))),
          ...this.ticks(data),
        }),
      ],
      series: [
        {},
        ...data.series.map((s) => ({
          label: `${s.rule.short} ${s.part}`,
          stroke: () => palette.rule(s.rule.id),
          width: s.width * scale,
          dash: s.dash.map((d) => d * scale),
          spanGaps: true,
          points: { show: (u: uPlot) => u.data[0].length < 2, size: 5 * scale },
        })),
      ],
      hooks: {
        drawClear: [(u) => this.drawShade(u)],
        drawAxes: [(u) => this.drawMark(u, scale)],
        draw: [(u) => this.drawEnds(u, scale)],
        setCursor: scale === 1 ? [(u) => this.moved(u)] : [],
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
    const focus = focusRange(data);
    const pad = Math.max((focus[1] - focus[0]) * 0.08, Math.abs(focus[1]) * 0.02) || 1;
    return [Math.max(0, focus[0] - pad), focus[1] + pad];
  }

  private drawShade(u: uPlot): void {
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

  private drawMark(u: uPlot, scale: number): void {
    const mark = this.data?.mark ?? null;
    if (mark === null) return;
    const y = u.valToPos(mark, "y", true);
    if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) return;
    const px = scale * (scale === 1 ? uPlot.pxRatio : 1);
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
  private drawEnds(u: uPlot, scale: number): void {
    const data = this.data;
    if (data === null) return;
    const px = scale * (scale === 1 ? uPlot.pxRatio : 1);
    const ends: { y: number; text: string; colour: string }[] = [];
    for (const s of data.series) {
      const v = last(s.values);
      if (s.endLabel === "" || v === null || (data.log && v <= 0)) continue;
      const y = u.valToPos(v, "y", true);
      const colour = this.host.palette.rule(s.rule.id);
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
    const shape = JSON.stringify(data.series.map((s) => [s.rule.id, s.part, s.dash]));
    if (shape !== this.legendShape) {
      this.legendShape = shape;
      this.buildLegend(data);
    }
    const at = this.cursor;
    for (const { key, element } of this.legendValues) {
      const own = data.series.find((s) => `${s.rule.id}/${s.part}` === key);
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
    for (const { rule } of groups(data)) {
      const swatch = h("span", { class: "swatch", "data-rule": rule.id });
      cells.push(h("span", { class: "legend-item", title: rule.label }, swatch, rule.short));
      for (const s of parts) {
        const element = h("span", { class: "legend-value" });
        this.legendValues.push({ key: `${rule.id}/${s.part}`, element });
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

function groups(data: LineData): { rule: RuleStyle; series: LineSeries[] }[] {
  const found = new Map<string, { rule: RuleStyle; series: LineSeries[] }>();
  for (const s of data.series) {
    const group = found.get(s.rule.id) ?? { rule: s.rule, series: [] };
    group.series.push(s);
    found.set(s.rule.id, group);
  }
  return [...found.values()];
}

function aligned(data: LineData): uPlot.AlignedData {
  const ys = data.series.map((s) =>
    data.log ? s.values.map((v) => (v !== null && v > 0 ? v : null)) : [...s.values],
  );
  return [[...data.x], ...ys];
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
