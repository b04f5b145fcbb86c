/**
 * One unit's gradient, sample by sample: across the truth, upwards what is made of it. Two pictures with one
 * horizontal scale: the estimate that the unit makes by perturbation, and what feedback delivers. Each has its own
 * scale upwards, since a single estimate strays far; the line on which both agree is drawn in each.
 */
import { h, setText } from "../dom";
import { brief, count, percent, tick, value } from "../format";
import { M } from "../messages";
import { ESTIMATES as T } from "../messages/estimates";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";
import { type Agreement, agreement, type Bin, bins, frameOf, ticksOf } from "./estimate-math";
import { Choice } from "./matrix";
import { Surface } from "./surface";

export interface EstimatesData {
  readonly rule: RuleStyle;
  /** The rule perturbs by itself. */
  readonly perturbs: boolean;
  /** What feedback delivers is the truth. */
  readonly exact: boolean;
  readonly layer: number;
  /** From 0. */
  readonly unit: number;
  readonly step: number;
  readonly noise: number;
  readonly truth: Float32Array;
  readonly estimate: Float32Array;
  /** Null where nothing is delivered. */
  readonly delivered: Float32Array | null;
}

export interface EstimatesChoices {
  readonly rules: readonly RuleStyle[];
  readonly rule: string;
  /** Units of every hidden layer. */
  readonly hidden: readonly number[];
  readonly layer: number;
  readonly unit: number;
}

export interface EstimatesPorts {
  rule(id: string): void;
  layer(layer: number): void;
  unit(unit: number): void;
  onDestroy(): void;
}

interface Picture {
  readonly element: HTMLElement;
  readonly surface: Surface;
  readonly words: HTMLElement;
}

type Frame = { readonly x: readonly [number, number]; readonly y: readonly [number, number] };

const LEFT = 44;
const FOOT = 34;
const TOP = 6;
const BINS = 8;
/** Shares of the samples that the axes cover: the estimates' tails are long. */
const SHARE = 0.98;

export class EstimatesChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private readonly ruleChoice: Choice;
  private readonly layerChoice: Choice;
  private readonly unitField = h("input", {
    type: "number",
    min: 1,
    step: 1,
    inputmode: "numeric",
    class: "number",
  });
  private readonly unitText = h("span", { class: "unit-of" });
  private readonly noiseValue = h("span", {});
  private readonly noise = h(
    "span",
    { class: "estimate-noise", title: T.noiseHelp, hidden: true },
    h("i", {}, T.noise[0], h("sub", {}, T.noise[1])),
    this.noiseValue,
  );
  private readonly line = h("p", { class: "readout" }, T.waiting);
  private readonly note = h("p", { class: "map-note", hidden: true });
  private readonly pictures: readonly [Picture, Picture];
  private data: EstimatesData | null = null;
  private found: { left: Agreement | null; right: Agreement | null; bins: Bin[] } | null = null;
  private frames: readonly [Frame, Frame | null] | null = null;

  constructor(
    private readonly host: ChartHost,
    private readonly ports: EstimatesPorts,
  ) {
    const uid = `${host.syncKey}-estimates`;
    this.ruleChoice = new Choice(T.rule, `${uid}-rule`, (id) => ports.rule(id));
    this.layerChoice = new Choice(T.layer, `${uid}-layer`, (id) => ports.layer(Number(id)));
    this.unitField.addEventListener("change", () => this.takeUnit());
    // Arrow keys and the field's own buttons, too.
    this.unitField.addEventListener("input", () => this.takeUnit());
    this.pictures = [this.picture(T.estimate, "estimate"), this.picture(T.delivered, "delivered")];
    this.image = h(
      "div",
      { class: "estimate-pictures", role: "img" },
      ...this.pictures.map(({ element }) => element),
    );
    this.element = h(
      "div",
      { class: "estimates-chart" },
      h(
        "div",
        { class: "map-tools" },
        this.ruleChoice.element,
        this.layerChoice.element,
        h("label", { class: "estimate-unit" }, T.unit, this.unitField, this.unitText),
        this.noise,
      ),
      this.note,
      this.image,
      h(
        "p",
        { class: "legend estimate-legend" },
        ...(["identity", "line", "mean"] as const).map((part) =>
          h("span", { class: "legend-item" }, h("span", { class: `key-${part}` }), T.legend[part]),
        ),
      ),
      this.line,
    );
  }

  setChoices(choices: EstimatesChoices): void {
    this.ruleChoice.set(
      choices.rules.map(({ id, short, label }) => ({ id, name: short, title: label, swatch: id })),
      choices.rule,
    );
    this.layerChoice.set(
      choices.hidden.map((_, i) => ({ id: String(i + 1), name: T.layerName(i + 1) })),
      String(choices.layer),
    );
    const units = choices.hidden[choices.layer - 1] ?? 1;
    this.unitField.max = String(units);
    setText(this.unitText, T.ofUnits(count(units)));
    const shown = String(choices.unit + 1);
    // What is being typed is not overwritten.
    if (!this.unitField.matches(":focus") && this.unitField.value !== shown)
      this.unitField.value = shown;
  }

  /** Null while there is no run. */
  set(data: EstimatesData | null): void {
    this.data = data;
    this.element.dataset.rule = data?.rule.id ?? "";
    if (data === null) {
      this.found = null;
      this.frames = null;
    } else {
      const { truth, estimate, delivered } = data;
      const left = agreement(truth, estimate);
      const silent = left === null || left.truthSpread === 0;
      this.found = {
        left,
        right: delivered === null ? null : agreement(truth, delivered),
        bins: silent ? [] : bins(truth, estimate, BINS),
      };
      const x = frameOf(truth, SHARE);
      this.frames = [
        { x, y: frameOf(estimate, SHARE) },
        delivered === null ? null : { x, y: both(frameOf(delivered, SHARE), x) },
      ];
    }
    this.host.queue.mark(this);
  }

  draw(): void {
    this.words();
    const { data } = this;
    if (data === null) return;
    for (const [i, { surface }] of this.pictures.entries()) {
      if (!surface.fit()) continue;
      surface.ctx.clearRect(0, 0, surface.width, surface.height);
      this.drawPicture(surface.ctx, data, i, surface.width, surface.height);
    }
  }

  restyle(): void {
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.data === null ? [] : [this.data.rule];
  }

  summary(): string {
    const { data, found } = this;
    if (data === null || found === null) return M.figure.empty;
    const right = data.delivered === null ? T.nothing : wordsOf(found.right);
    const where = T.where(data.layer, data.unit + 1);
    return T.summary(data.rule.short, where, wordsOf(found.left), right);
  }

  table(): Table {
    const { found } = this;
    if (found === null) return { head: [], rows: [] };
    const sides = [found.left, found.right];
    const row = (name: string, of: (a: Agreement) => string): string[] => [
      name,
      ...sides.map((side) => (side === null ? "–" : of(side))),
    ];
    return {
      head: [T.table.measure, T.estimate, T.delivered],
      rows: [
        row(T.table.samples, (a) => count(a.count)),
        row(T.table.slope, (a) => signed(a.slope)),
        row(T.table.correlation, (a) => signed(a.correlation)),
        row(T.table.bias, (a) => signed(a.bias)),
        row(T.table.biasError, (a) => value(a.biasError)),
        row(T.table.spread, (a) => value(a.spread)),
        row(T.table.truthSpread, (a) => value(a.truthSpread)),
      ],
    };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const { data } = this;
    if (data === null) return 0;
    const shown = data.delivered === null ? 1 : 2;
    const gap = 24;
    const size = (width - gap * (shown - 1)) / shown;
    const height = Math.min(size, 300);
    for (let i = 0; i < shown; i++) {
      ctx.save();
      ctx.translate(i * (size + gap), 0);
      ctx.font = "600 12px system-ui, sans-serif";
      ctx.textBaseline = "top";
      ctx.fillStyle = this.host.palette.get("--ink");
      ctx.fillText(i === 0 ? T.estimate : T.delivered, 0, 0);
      ctx.translate(0, 20);
      this.drawPicture(ctx, data, i, size, height);
      ctx.restore();
    }
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "top";
    ctx.fillStyle = this.host.palette.get("--ink-2");
    ctx.fillText(this.lineText(data), 0, height + 26);
    return height + 44;
  }

  destroy(): void {
    for (const { surface } of this.pictures) surface.destroy();
    this.host.queue.drop(this);
    this.ports.onDestroy();
  }

  private picture(title: string, name: string): Picture {
    const surface = new Surface(
      "estimate-map",
      (width) => Math.round(Math.min(330, Math.max(220, width * 0.72))),
      () => this.host.queue.mark(this),
    );
    const words = h("p", { class: "estimate-words" });
    const head = h("p", { class: "estimate-head" }, h("span", { class: `key-${name}` }), title);
    return {
      element: h("div", { class: "estimate-picture" }, head, surface.canvas, words),
      surface,
      words,
    };
  }

  private takeUnit(): void {
    const unit = Number(this.unitField.value);
    const most = Number(this.unitField.max);
    if (Number.isInteger(unit) && unit >= 1 && unit <= most) this.ports.unit(unit - 1);
  }

  private lineText(data: EstimatesData): string {
    const samples = T.samples(count(data.truth.length), count(data.step));
    const where = T.where(data.layer, data.unit + 1);
    return `${data.rule.short}, ${where}: ${samples}.`;
  }

  private words(): void {
    const { data, found } = this;
    this.element.classList.toggle("empty", data === null);
    if (data === null || found === null) {
      setText(this.line, T.waiting);
      this.noise.hidden = true;
      this.note.hidden = true;
      return;
    }
    this.noise.hidden = false;
    setText(this.noiseValue, ` = ${brief(data.noise)}`);
    setText(this.line, this.lineText(data));
    const [left, right] = this.pictures;
    right.element.hidden = data.delivered === null;
    this.image.classList.toggle("alone", data.delivered === null);
    const silent = found.left !== null && found.left.slope === null;
    const notes = [
      silent ? T.silent : "",
      data.delivered === null ? T.nothing : "",
      data.perturbs ? "" : T.anyway(data.rule.short),
    ].filter((note) => note !== "");
    this.note.hidden = notes.length === 0;
    setText(this.note, notes.join(" "));
    setText(left.words, wordsOf(found.left));
    setText(right.words, data.exact ? T.exact : wordsOf(found.right));
  }

  private drawPicture(
    ctx: CanvasRenderingContext2D,
    data: EstimatesData,
    which: number,
    width: number,
    height: number,
  ): void {
    const frame = this.frames?.[which === 0 ? 0 : 1];
    if (frame == null) return;
    const values = which === 0 ? data.estimate : data.delivered;
    const found = which === 0 ? this.found?.left : this.found?.right;
    if (values === null) return;
    const { palette } = this.host;
    const right = width - 1;
    const bottom = height - FOOT;
    const px = (x: number): number =>
      LEFT + ((x - frame.x[0]) / (frame.x[1] - frame.x[0])) * (right - LEFT);
    const py = (y: number): number =>
      bottom - ((y - frame.y[0]) / (frame.y[1] - frame.y[0])) * (bottom - TOP);
    this.drawAxes(ctx, frame, { px, py, right, bottom, width, height });
    ctx.save();
    ctx.beginPath();
    ctx.rect(LEFT, TOP, right - LEFT, bottom - TOP);
    ctx.clip();
    ctx.fillStyle = which === 0 ? palette.get("--ink-2") : palette.rule(data.rule.id);
    ctx.strokeStyle = ctx.fillStyle;
    ctx.lineWidth = 1.2;
    ctx.globalAlpha = which === 0 ? 0.42 : 0.75;
    const r = data.truth.length > 400 ? 1.6 : 2.2;
    ctx.beginPath();
    for (let i = 0; i < data.truth.length; i++) {
      const x = px(data.truth[i] ?? 0);
      const y = py(values[i] ?? 0);
      if (which === 0) {
        ctx.moveTo(x + r, y);
        ctx.arc(x, y, r, 0, 2 * Math.PI);
      } else {
        // Crosses: another shape, for eyes and printers that see no colour.
        ctx.moveTo(x - r - 0.6, y - r - 0.6);
        ctx.lineTo(x + r + 0.6, y + r + 0.6);
        ctx.moveTo(x + r + 0.6, y - r - 0.6);
        ctx.lineTo(x - r - 0.6, y + r + 0.6);
      }
    }
    if (which === 0) ctx.fill();
    else ctx.stroke();
    ctx.globalAlpha = 1;
    const line = (slope: number, intercept: number): void => {
      const [a, b] = frame.x;
      ctx.beginPath();
      ctx.moveTo(px(a), py(slope * a + intercept));
      ctx.lineTo(px(b), py(slope * b + intercept));
      ctx.stroke();
    };
    ctx.strokeStyle = palette.get("--ink");
    ctx.lineWidth = 1.25;
    ctx.setLineDash([5, 4]);
    line(1, 0);
    ctx.setLineDash([]);
    if (found?.slope != null && found.intercept !== null) {
      ctx.strokeStyle = palette.rule(data.rule.id);
      ctx.lineWidth = 2;
      line(found.slope, found.intercept);
    }
    if (which === 0) this.drawBins(ctx, px, py);
    ctx.restore();
  }

  private drawBins(
    ctx: CanvasRenderingContext2D,
    px: (x: number) => number,
    py: (y: number) => number,
  ): void {
    const { palette } = this.host;
    for (const { truth, estimate, error } of this.found?.bins ?? []) {
      const [x, y] = [px(truth), py(estimate)];
      ctx.strokeStyle = palette.get("--ink");
      ctx.lineWidth = 1.25;
      ctx.beginPath();
      ctx.moveTo(x, py(estimate - error));
      ctx.lineTo(x, py(estimate + error));
      ctx.stroke();
      ctx.fillStyle = palette.get("--paper");
      ctx.fillRect(x - 4, y - 4, 8, 8);
      ctx.strokeRect(x - 3.5, y - 3.5, 7, 7);
    }
  }

  private drawAxes(
    ctx: CanvasRenderingContext2D,
    frame: Frame,
    at: {
      px: (x: number) => number;
      py: (y: number) => number;
      right: number;
      bottom: number;
      width: number;
      height: number;
    },
  ): void {
    const { palette } = this.host;
    ctx.font = "11px system-ui, sans-serif";
    ctx.lineWidth = 1;
    ctx.strokeStyle = palette.get("--line");
    ctx.fillStyle = palette.get("--ink-2");
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    for (const y of ticksOf(frame.y, 5)) {
      const v = Math.round(at.py(y)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(LEFT, v);
      ctx.lineTo(at.right, v);
      ctx.stroke();
      ctx.fillText(numeral(y), LEFT - 6, v);
    }
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    for (const x of ticksOf(frame.x, Math.max(4, Math.floor(at.width / 80)))) {
      const v = Math.round(at.px(x)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(v, TOP);
      ctx.lineTo(v, at.bottom);
      ctx.stroke();
      if (v > LEFT + 8 && v < at.right - 8) ctx.fillText(numeral(x), v, at.bottom + 5);
    }
    ctx.fillText(T.across, (LEFT + at.right) / 2, at.height - 13);
  }
}

function both(
  a: readonly [number, number],
  b: readonly [number, number],
): readonly [number, number] {
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}

function numeral(n: number): string {
  return tick(Number(n.toPrecision(3))).replace("-", "−");
}

function signed(n: number | null): string {
  return n === null ? "–" : value(n).replace("-", "−");
}

function wordsOf(found: Agreement | null): string {
  if (found === null || found.slope === null) return M.figure.empty;
  const bias = T.biasOf(signed(found.bias), value(found.biasError));
  const times = found.truthSpread > 0 ? found.spread / found.truthSpread : 0;
  const stray = T.spreadOf(times >= 0.1 ? value(times) : percent(100 * times));
  const words = T.words(signed(found.slope), signed(found.correlation));
  return times >= 0.1 ? `${words} ${bias} ${stray}` : `${words} ${bias}`;
}
