/**
 * One panel of an experiment's figure: a mean curve an arm with a band of one standard error, or one point an arm,
 * and the paper's numbers behind them. Drawn by uPlot; takes columns and knows nothing of runs.
 *
 * Reference values: a thin dashed line across in the arm's colour and a lozenge at the right edge, filled for the
 * paper, hollow for the authors' notebook, faint where read off a plot.
 */
import uPlot from "uplot";
import type { Chart, ChartHost, RuleStyle, Table } from "../charts/chart";
import { logTicks, spread } from "../charts/line";
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
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
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

  constructor(
    private readonly host: ChartHost,
    private readonly onCursor: (step: number | null) => void,
  ) {
    this.image = h("div", { class: "plot", role: "img" });
    this.element = h("div", { class: "panel-chart" }, this.image);
    this.observer = new ResizeObserver(() => this.host.queue.mark(this));
    this.observer.observe(this.image);
  }

  set(data: PanelData): void {
    this.data = data;
    this.host.queue.mark(this);
  }

  draw(): void {
    const { data } = this;
    const width = this.image.clientWidth;
    if (data === null || width === 0) return;
    const columns = this.columns(data, 1);
    const shape = `${columns.shape}/${data.xEnd}`;
    if (this.plot === null || shape !== this.shape) {
      this.plot?.destroy();
      this.shape = shape;
      this.plot = new uPlot(this.options(data, columns, width, 1), columns.data, this.image);
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
    const scale = 2;
    const holder = h("div", { class: "offscreen" });
    this.element.append(holder);
    const columns = this.columns(data, scale);
    const plot = new uPlot(this.options(data, columns, width * scale, scale), columns.data, holder);
    // uPlot commits in a microtask; a batch commits at its end, so that the pixels are there now.
    plot.batch(() => plot.setData(columns.data, true));
    ctx.drawImage(plot.ctx.canvas, 0, 0, width, HEIGHT(width));
    plot.destroy();
    holder.remove();
    return HEIGHT(width);
  }

  destroy(): void {
    this.observer.disconnect();
    this.host.queue.drop(this);
    this.plot?.destroy();
  }

  /** Mean, lower and upper edge of every curve, then the runs that are still going. */
  private columns(data: PanelData, scale: number): Columns {
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
      const dash = style.dash.map((d) => d * scale);
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
        add(thin, { stroke: () => `${palette.rule(style.id)}80`, width: scale * 0.75 });
      }
      const means = points.map((p) => ({ x: p.x, y: p.estimate.mean }));
      add(means, {
        stroke,
        width: dots ? 0 : 1.75 * scale,
        dash,
        points: { show: single, size: 6 * scale, fill: stroke, stroke, width: 0 },
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

  private options(data: PanelData, columns: Columns, width: number, scale: number): uPlot.Options {
    const { palette } = this.host;
    const axis = (extra: uPlot.Axis): uPlot.Axis => ({
      stroke: () => palette.get("--ink-2"),
      font: `${11 * scale}px ${FONT}`,
      gap: 5 * scale,
      grid: { stroke: () => palette.get("--line"), width: scale },
      ticks: { show: false },
      ...extra,
    });
    const log = data.kind !== "steps";
    const places = data.kind === "arms" ? this.places(data) : null;
    return {
      width,
      height: HEIGHT(width / scale) * scale,
      padding: [8 * scale, RIGHT * scale, 0, 2 * scale],
      legend: { show: false },
      cursor:
        scale === 1 && data.kind !== "arms"
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
          size: 22 * scale,
          space: 56 * scale,
          values: (_u, v) => v.map((n) => (n === null ? "" : tick(n))),
          grid: { show: false },
          ...(places !== null && { splits: () => places, filter: (_u, s) => s }),
          ...(data.kind === "log_steps" && {
            splits: (_u, _a, min, max) => decades(min, max),
            filter: (_u, s) => s,
          }),
        }),
        axis({
          size: 42 * scale,
          space: 32 * scale,
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
        drawAxes: [(u) => this.drawBehind(u, scale)],
        draw: [(u) => this.drawOver(u, scale)],
        setCursor: scale === 1 && data.kind !== "arms" ? [(u) => this.moved(u)] : [],
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
    if (data.log) {
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
  private drawBehind(u: uPlot, scale: number): void {
    const { data } = this;
    if (data === null) return;
    const px = scale * (scale === 1 ? uPlot.pxRatio : 1);
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
  private drawOver(u: uPlot, scale: number): void {
    const { data } = this;
    if (data === null) return;
    const px = scale * (scale === 1 ? uPlot.pxRatio : 1);
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

  private drawErrors(u: uPlot, data: PanelData, px: number): void {
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
    this.onCursor(off ? null : (u.data[0][idx] ?? null));
  }
}

/** Powers of ten within, each as far as there is room for five or so. */
function decades(min: number, max: number): number[] {
  const found: number[] = [];
  for (let k = Math.ceil(Math.log10(min) - 1e-9); k <= Math.log10(max) + 1e-9; k++) {
    found.push(10 ** k);
  }
  return found.length >= 2 ? found : logTicks(min, max);
}
