/**
 * One panel of an experiment's figure: a mean curve an arm with a band of one standard error, or one point an arm,
 * and the paper's numbers behind them. Drawn by uPlot, and for files by plot-paint.ts; takes columns and knows
 * nothing of runs.
 *
 * Reference values: a thin dashed line across in the arm's colour and a lozenge at the right edge, filled for the
 * paper, hollow for the authors' notebook, faint where read off a plot.
 */
import uPlot from "uplot";
import type { Chart, ChartHost, RuleStyle, Table } from "../charts/chart";
import { spread } from "../charts/line";
import { type Span, Zoom, ZoomGestures } from "../charts/line-zoom";
import {
  decades,
  extent,
  logTicks,
  niceTicks,
  type PaintBand,
  type PaintLine,
  type PlotLike,
  paintPlot,
} from "../charts/plot-paint";
import { FONT } from "../charts/sheet";
import { h } from "../dom";
import { count, tick } from "../format";
import { W } from "../messages/experiments";
import { asPrinted, type Origin } from "./measures";
import type { Estimate, Point } from "./statistics";
import type { ArmStyle } from "./style";

export interface PanelCurve {
  readonly style: ArmStyle;
  /** By step, or the one at the end. */
  readonly points: readonly { readonly x: number; readonly estimate: Estimate }[];
  /** Runs that are still going, one trace each; drawn thin beside the mean. */
  readonly going: readonly (readonly Point[])[];
}

export interface PanelReference {
  /** Null: for all arms. */
  readonly style: ArmStyle | null;
  /** Along a panel that compares arms. */
  readonly x: number | null;
  readonly value: number;
  readonly error: number | null;
  readonly origin: Origin;
  readonly approximate: boolean;
  /** "Table 2a" */
  readonly source: string;
}

export interface PanelData {
  readonly title: string;
  readonly axis: string;
  readonly kind: "steps" | "log_steps" | "arms";
  readonly log: boolean;
  /** Known limits of the metric, or null. */
  readonly limits: { readonly from: number; readonly to: number; readonly ticks: number[] } | null;
  readonly mark: number | null;
  /** Where the run ends: the axis does not move while it runs. */
  readonly xEnd: number;
  readonly curves: readonly PanelCurve[];
  readonly references: readonly PanelReference[];
  readonly text: (estimate: Estimate) => string;
}

const HEIGHT = (width: number): number => Math.round(Math.min(280, Math.max(180, 0.62 * width)));
const RIGHT = 50;
const LEFT = 42;
const BELOW = 22;
const ABOVE = 8;
const LABEL_GAP = 11;
const TABLE_ROWS = 12;
/** Shares of the first steps whose values a linear axis may cut: there the loss falls from far above. */
const DROP = 0.06;

interface Columns {
  readonly data: uPlot.AlignedData;
  readonly series: uPlot.Series[];
  readonly bands: uPlot.Band[];
  readonly shape: string;
}

export class PanelChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private data: PanelData | null = null;
  private plot: uPlot | null = null;
  private shape = "";
  private readonly observer: ResizeObserver;
  readonly footTools: HTMLElement;
  private readonly zoom: Zoom;
  private readonly gestures: ZoomGestures;
  private readonly unsubscribe: () => void;
  private cursor: number | null = null;

  constructor(
    private readonly host: ChartHost,
    private readonly onCursor: (step: number | null) => void,
  ) {
    this.image = h("div", { class: "plot", role: "img" });
    this.element = h("div", { class: "panel-chart" }, this.image);
    this.observer = new ResizeObserver(() => this.host.queue.mark(this));
    this.observer.observe(this.image);
    this.zoom = host.zoom ?? new Zoom();
    this.unsubscribe = this.zoom.on(() => this.host.queue.mark(this));
    this.gestures = new ZoomGestures(this.image, this.zoom, {
      full: () => this.full(),
      log: () => this.data?.kind === "log_steps",
      over: () => (this.zooms ? (this.plot?.over ?? null) : null),
      at: (px) => this.plot?.posToVal(px, "x") ?? 0,
      walk: (direction) => this.walk(direction),
    });
    this.footTools = this.gestures.tools;
  }

  /** Panels that compare arms show all of them. */
  private get zooms(): boolean {
    return this.data !== null && this.data.kind !== "arms";
  }

  private full(): Span | null {
    if (!this.zooms) return null;
    const [from, to] = this.everything();
    return to > from ? [from, to] : null;
  }

  /** Moves the cursor, and with it that of the other panels, from row to row. */
  private walk(direction: -1 | 1): void {
    const { plot } = this;
    if (plot === null || !this.zooms) return;
    const xs = plot.data[0];
    const from = this.cursor ?? (direction > 0 ? -1 : xs.length);
    const x = xs[from + direction];
    const [low, high] = this.across();
    if (x === undefined || x < low || x > high) return;
    plot.setCursor({ left: plot.valToPos(x, "x"), top: 1 }, true);
  }

  set(data: PanelData): void {
    this.data = data;
    this.host.queue.mark(this);
  }

  draw(): void {
    const { data } = this;
    const width = this.image.clientWidth;
    if (data === null || width === 0) return;
    this.footTools.hidden = !this.zooms;
    const columns = this.columns(data);
    const shape = `${columns.shape}/${data.xEnd}`;
    if (this.plot === null || shape !== this.shape) {
      this.plot?.destroy();
      this.shape = shape;
      this.plot = new uPlot(this.options(data, columns, width), columns.data, this.image);
    } else {
      if (this.plot.width !== width) this.plot.setSize({ width, height: HEIGHT(width) });
      this.plot.setData(columns.data);
    }
  }

  restyle(): void {
    this.shape = "";
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.data?.curves.map((curve) => curve.style) ?? [];
  }

  summary(): string {
    const { data } = this;
    const parts = (data?.curves ?? []).flatMap(({ style, points }) => {
      const last = points.at(-1);
      return last === undefined || data === null
        ? []
        : [`${style.label} ${data.text(last.estimate)}`];
    });
    const references = (data?.references ?? []).map(
      (r) => `${r.style?.label ?? W.allArms} ${r.source} ${asPrinted(r.value)}`,
    );
    const found = parts.length === 0 ? W.nothing : `${parts.join("; ")}.`;
    return references.length === 0 ? found : `${found} ${W.given} ${references.join("; ")}.`;
  }

  table(): Table {
    const { data } = this;
    if (data === null) return { head: [], rows: [] };
    if (data.kind === "arms") {
      const rows = data.curves.flatMap(({ style, points }) =>
        points.map((p) => [style.label, count(p.estimate.n), data.text(p.estimate)]),
      );
      return { head: [W.arm, W.runs, data.title], rows };
    }
    const steps = [...new Set(data.curves.flatMap((c) => c.points.map((p) => p.x)))];
    steps.sort((a, b) => a - b);
    const wanted = Math.min(TABLE_ROWS, steps.length);
    const rows: string[][] = [];
    for (let r = 0; r < wanted; r++) {
      const at = steps[wanted === 1 ? 0 : Math.round((r * (steps.length - 1)) / (wanted - 1))] ?? 0;
      rows.push([
        count(at),
        ...data.curves.map(({ points }) => {
          const found = points.find((p) => p.x === at);
          return found === undefined ? "–" : data.text(found.estimate);
        }),
      ]);
    }
    return { head: [W.step, ...data.curves.map((c) => c.style.label)], rows };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const { data } = this;
    if (data === null) return 0;
    const { palette } = this.host;
    const height = HEIGHT(width);
    const columns = this.columns(data);
    const [at, ...ys] = columns.data as [number[], ...(number | null)[][]];
    const [from, to] = this.across();
    const seen = extent(at, ys, from, to);
    const [bottom, top] = this.up(seen?.[0] ?? null, seen?.[1] ?? null);
    const limits = data.log ? null : data.limits;
    const dots = data.kind === "arms" || at.length < 2;
    const colour = (series: uPlot.Series | undefined): string => {
      const stroke: unknown = series?.stroke;
      return typeof stroke === "function" ? String(stroke()) : String(stroke ?? "");
    };
    const fill = (band: uPlot.Band): string => {
      const found: unknown = band.fill;
      return typeof found === "function" ? String(found()) : "";
    };
    paintPlot(ctx, {
      width,
      height,
      room: { left: LEFT + 2, right: RIGHT, top: ABOVE, bottom: BELOW },
      x: {
        from,
        to,
        log: data.kind !== "steps",
        ticks:
          data.kind === "arms"
            ? this.places(data)
            : data.kind === "log_steps"
              ? decades(from, to)
              : niceTicks(from, to, 56, width - LEFT - RIGHT),
        text: tick,
      },
      y: {
        from: bottom,
        to: top,
        log: data.log,
        ticks: data.log
          ? logTicks(bottom, top)
          : (limits?.ticks.filter((t) => t >= bottom && t <= top) ??
            niceTicks(bottom, top, 32, height - ABOVE - BELOW)),
        text: tick,
      },
      gridX: false,
      ink: palette.get("--ink-2"),
      grid: palette.get("--line"),
      at,
      bands: columns.bands.map((band): PaintBand => {
        const [upper, lower] = band.series;
        return { upper: ys[upper - 1] ?? [], lower: ys[lower - 1] ?? [], colour: fill(band) };
      }),
      lines: columns.series.slice(1).flatMap((series, i): PaintLine[] => {
        const name = colour(series);
        if (name === "transparent") return [];
        const mean = series.dash !== undefined;
        return [
          {
            y: ys[i] ?? [],
            colour: name,
            width: series.width ?? 1,
            dash: series.dash ?? [],
            dots: mean && dots ? 6 : 0,
          },
        ];
      }),
      behind: (plot) => this.drawBehind(plot, 1),
      over: (plot) => this.drawOver(plot, 1),
    });
    return height;
  }

  destroy(): void {
    this.observer.disconnect();
    this.unsubscribe();
    this.gestures.destroy();
    this.host.queue.drop(this);
    this.plot?.destroy();
  }

  /** Mean, lower and upper edge of every curve, then the runs that are still going. */
  private columns(data: PanelData): Columns {
    const { palette } = this.host;
    const positive = data.kind !== "steps";
    const all = new Set<number>();
    for (const curve of data.curves) {
      for (const p of curve.points) all.add(p.x);
      for (const run of curve.going) for (const p of run) all.add(p.step);
    }
    const x = [...all].filter((v) => !positive || v > 0).sort((a, b) => a - b);
    const at = new Map(x.map((v, i) => [v, i]));
    const column = (points: readonly { x: number; y: number }[]): (number | null)[] => {
      const y = new Array<number | null>(x.length).fill(null);
      for (const p of points) {
        const i = at.get(p.x);
        if (i !== undefined && (!data.log || p.y > 0)) y[i] = p.y;
      }
      return y;
    };
    const ys: (number | null)[][] = [];
    const series: uPlot.Series[] = [{}];
    const bands: uPlot.Band[] = [];
    const dots = data.kind === "arms";
    const add = (points: readonly { x: number; y: number }[], line: uPlot.Series): void => {
      ys.push(column(points));
      series.push({ spanGaps: true, points: { show: false }, ...line });
    };
    for (const { style, points, going } of data.curves) {
      const stroke = (): string => palette.rule(style.id);
      const dash = [...style.dash];
      const single = (u: uPlot): boolean => dots || u.data[0].length < 2;
      const banded = !dots && points.some((p) => p.estimate.error !== null);
      if (banded) {
        const edge = (side: number): { x: number; y: number }[] =>
          points.map(({ x, estimate: e }) => {
            const y = e.mean + side * (e.error ?? 0);
            // A band that reaches below zero has no lower edge on a logarithmic axis.
            return { x, y: data.log && y <= 0 ? e.mean * 0.02 : y };
          });
        const first = series.length;
        add(edge(1), { stroke: "transparent", width: 0 });
        add(edge(-1), { stroke: "transparent", width: 0 });
        bands.push({ series: [first, first + 1], fill: () => `${palette.rule(style.id)}30` });
      }
      for (const run of going) {
        const thin = run.map(({ step, value }) => ({ x: step, y: value }));
        add(thin, { stroke: () => `${palette.rule(style.id)}80`, width: 0.75 });
      }
      const means = points.map((p) => ({ x: p.x, y: p.estimate.mean }));
      add(means, {
        stroke,
        width: dots ? 0 : 1.75,
        dash,
        points: { show: single, size: 6, fill: stroke, stroke, width: 0 },
      });
    }
    const shape = JSON.stringify([
      data.kind,
      data.log,
      data.curves.map((c) => [
        c.style.id,
        c.going.length,
        c.points.some((p) => p.estimate.error !== null),
      ]),
    ]);
    return { data: [x, ...ys] as uPlot.AlignedData, series, bands, shape };
  }

  private options(data: PanelData, columns: Columns, width: number): uPlot.Options {
    const { palette } = this.host;
    const axis = (extra: uPlot.Axis): uPlot.Axis => ({
      stroke: () => palette.get("--ink-2"),
      font: `11px ${FONT}`,
      gap: 5,
      grid: { stroke: () => palette.get("--line"), width: 1 },
      ticks: { show: false },
      ...extra,
    });
    const log = data.kind !== "steps";
    const places = data.kind === "arms" ? this.places(data) : null;
    return {
      width,
      height: HEIGHT(width),
      padding: [ABOVE, RIGHT, 0, 2],
      legend: { show: false },
      cursor:
        data.kind !== "arms"
          ? {
              drag: { x: false, y: false },
              sync: { key: this.host.syncKey, setSeries: false },
              y: false,
              points: { show: false },
            }
          : { show: false },
      scales: {
        x: { time: false, distr: log ? 3 : 1, range: () => this.across() },
        y: { distr: data.log ? 3 : 1, range: (_u, min, max) => this.up(min, max) },
      },
      axes: [
        axis({
          size: BELOW,
          space: 56,
          values: (_u, v) => v.map((n) => (n === null ? "" : tick(n))),
          grid: { show: false },
          ...(places !== null && { splits: () => places, filter: (_u, s) => s }),
          ...(data.kind === "log_steps" && {
            splits: (_u, _a, min, max) => decades(min, max),
            filter: (_u, s) => s,
          }),
        }),
        axis({
          size: LEFT,
          space: 32,
          values: (_u, v) => v.map((n) => (n === null || n === undefined ? "" : tick(n))),
          ...(data.log && {
            splits: (_u, _a, min, max) => logTicks(min, max),
            filter: (_u, s) => s,
          }),
          ...(data.limits !== null &&
            !data.log && {
              splits: (_u, _a, min, max) =>
                (this.data?.limits?.ticks ?? []).filter((t) => t >= min && t <= max),
              filter: (_u, s) => s,
            }),
        }),
      ],
      series: columns.series,
      bands: columns.bands,
      hooks: {
        drawAxes: [(u) => this.drawBehind(u, uPlot.pxRatio)],
        draw: [(u) => this.drawOver(u, uPlot.pxRatio)],
        setCursor: data.kind !== "arms" ? [(u) => this.moved(u)] : [],
      },
    };
  }

  /** The arms' places along the panel. */
  private places(data: PanelData): number[] {
    const xs = [
      ...data.curves.flatMap((c) => c.points.map((p) => p.x)),
      ...data.references.flatMap((r) => r.x ?? []),
    ];
    return [...new Set(xs)].sort((a, b) => a - b);
  }

  private across(): [number, number] {
    const all = this.everything();
    const { span } = this.zoom;
    if (span === null || !this.zooms) return all;
    // A panel with a logarithmic axis begins later than those without.
    const from = Math.min(
      Math.max(span[0], this.data?.kind === "steps" ? 0 : all[0]),
      span[1] * 0.999,
    );
    return [from, span[1]];
  }

  private everything(): [number, number] {
    const { data } = this;
    if (data === null) return [0, 1];
    if (data.kind === "steps") return [0, Math.max(1, data.xEnd)];
    const xs =
      data.kind === "arms"
        ? this.places(data)
        : data.curves.flatMap((c) => c.points.map((p) => p.x)).filter((v) => v > 0);
    const low = Math.min(...xs);
    const high = data.kind === "arms" ? Math.max(...xs) : data.xEnd;
    if (!(low > 0) || !Number.isFinite(high)) return [1, Math.max(10, data.xEnd)];
    return data.kind === "arms" ? [low / 1.8, high * 1.8] : [Math.min(low, high / 10), high];
  }

  private up(min: number | null, max: number | null): [number, number] {
    const { data } = this;
    if (data === null) return [0, 1];
    const theirs = data.references.flatMap((r) => [
      r.value - (r.error ?? 0),
      r.value + (r.error ?? 0),
    ]);
    const looksCloser = this.zoom.span !== null && this.zooms;
    if (data.log) {
      if (looksCloser && min !== null && max !== null && min > 0) return [min * 0.9, max * 1.1];
      const own = [min, max].filter((v): v is number => v !== null && v > 0);
      const all = [...own, ...theirs].filter((v) => v > 0);
      if (all.length === 0) return [0.1, 10];
      return [Math.min(...all) * 0.8, Math.max(...all) * 1.25];
    }
    if (data.limits !== null) {
      const { from, to, ticks } = data.limits;
      const means = data.curves.flatMap((c) => c.points.map((p) => p.estimate.mean));
      // Noise about the limit does not count; what is plainly beyond takes the whole scale.
      const beyond = Math.max(...means) > to + 5;
      const high = beyond ? (ticks.at(-1) ?? to) : to;
      return [Math.min(from, ...means, ...theirs), Math.max(high, ...theirs)];
    }
    if (looksCloser && min !== null && max !== null) {
      const pad = (max - min) * 0.08 || Math.abs(max) * 0.02 || 1;
      return [Math.max(0, min - pad), max + pad];
    }
    const own: number[] = [];
    for (const { points, going } of data.curves) {
      const end = Math.max(points.at(-1)?.x ?? 0, ...going.map((run) => run.at(-1)?.step ?? 0));
      for (const p of points) {
        if (p.x >= end * DROP || data.kind === "arms") own.push(p.estimate.mean);
      }
      for (const run of going) for (const p of run) if (p.step >= end * DROP) own.push(p.value);
    }
    const all = [...own, ...theirs].filter(Number.isFinite);
    if (all.length === 0) return [min ?? 0, max ?? 1];
    const [lo, hi] = [Math.min(...all), Math.max(...all)];
    // One that is far off must not press the others into a line.
    const top = Math.min(hi, theirs.length > 0 ? Math.max(...theirs) * 2.2 : hi);
    const pad = Math.max((top - lo) * 0.08, Math.abs(top) * 0.02) || 1;
    return [Math.max(0, lo - pad), Math.max(top, lo) + pad];
  }

  /** Mark and the paper's values, below the curves. */
  private drawBehind(u: PlotLike, px: number): void {
    const { data } = this;
    if (data === null) return;
    const { ctx, bbox } = u;
    ctx.save();
    const across = (value: number, colour: string, dash: number[], alpha: number): void => {
      const y = u.valToPos(value, "y", true);
      if (y < bbox.top - 1 || y > bbox.top + bbox.height + 1) return;
      ctx.globalAlpha = alpha;
      ctx.strokeStyle = colour;
      ctx.lineWidth = px;
      ctx.setLineDash(dash.map((d) => d * px));
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    };
    if (data.mark !== null) across(data.mark, this.host.palette.get("--ink-2"), [1, 3], 1);
    for (const r of data.references) {
      if (r.x !== null) continue;
      across(r.value, this.colour(r), [3, 4], r.approximate ? 0.3 : 0.6);
    }
    ctx.restore();
  }

  /** Lozenges with their numbers at the right edge, or beside the points of the arms. */
  private drawOver(u: PlotLike, px: number): void {
    const { data } = this;
    if (data === null) return;
    const { ctx, bbox } = u;
    const right = bbox.left + bbox.width;
    let labels: { y: number; text: string; origin: Origin }[] = [];
    ctx.save();
    if (data.kind === "arms") this.drawErrors(u, data, px);
    for (const r of data.references) {
      const y = u.valToPos(r.value, "y", true);
      if (y < bbox.top - 2 || y > bbox.top + bbox.height + 2) continue;
      const x = r.x === null ? right + 6 * px : u.valToPos(r.x, "x", true) + 9 * px;
      this.lozenge(ctx, x, y, px, r);
      if (r.error !== null) {
        ctx.beginPath();
        for (const side of [-1, 1]) {
          ctx.moveTo(x, y);
          ctx.lineTo(x, u.valToPos(Math.max(1e-12, r.value + side * r.error), "y", true));
        }
        ctx.stroke();
      }
      const text = asPrinted(r.value);
      if (r.x === null && !labels.some((l) => l.text === text)) {
        labels.push({ y, text, origin: r.origin });
      }
    }
    // Where there is no room for all numbers, the paper's stay.
    if (labels.length * LABEL_GAP * px > bbox.height * 0.7) {
      const printed = labels.filter((l) => l.origin === "paper");
      labels = printed.length > 0 ? printed : labels;
    }
    spread(labels, LABEL_GAP * px, bbox.top, bbox.top + bbox.height);
    ctx.globalAlpha = 1;
    ctx.font = `${10 * px}px ${FONT}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = this.host.palette.get("--ink-2");
    for (const { y, text } of labels) {
      ctx.fillText(text, right + 13 * px, y);
    }
    ctx.restore();
  }

  private drawErrors(u: PlotLike, data: PanelData, px: number): void {
    const { ctx } = u;
    ctx.lineWidth = 1.25 * px;
    for (const { style, points } of data.curves) {
      ctx.strokeStyle = this.host.palette.rule(style.id);
      for (const { x, estimate } of points) {
        if (estimate.error === null) continue;
        const at = u.valToPos(x, "x", true);
        const low = estimate.mean - estimate.error;
        ctx.beginPath();
        ctx.moveTo(at, u.valToPos(estimate.mean + estimate.error, "y", true));
        ctx.lineTo(at, u.valToPos(data.log ? Math.max(low, estimate.mean / 50) : low, "y", true));
        ctx.stroke();
      }
    }
  }

  private lozenge(
    ctx: CanvasRenderingContext2D,
    x: number,
    y: number,
    px: number,
    reference: PanelReference,
  ): void {
    const r = 3.4 * px;
    const colour = this.colour(reference);
    ctx.globalAlpha = reference.approximate ? 0.55 : 1;
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(x, y - r);
    ctx.lineTo(x + r, y);
    ctx.lineTo(x, y + r);
    ctx.lineTo(x - r, y);
    ctx.closePath();
    ctx.lineWidth = 1.25 * px;
    ctx.strokeStyle = colour;
    ctx.fillStyle = reference.origin === "paper" ? colour : this.host.palette.get("--paper");
    ctx.fill();
    ctx.stroke();
  }

  private colour(reference: PanelReference): string {
    const { palette } = this.host;
    return reference.style === null ? palette.get("--ink") : palette.rule(reference.style.id);
  }

  private moved(u: uPlot): void {
    const idx = u.cursor.idx ?? null;
    const off = (u.cursor.left ?? -1) < 0 || idx === null;
    this.cursor = off ? null : idx;
    this.onCursor(off ? null : (u.data[0][idx] ?? null));
  }
}
