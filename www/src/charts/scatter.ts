/**
 * The narrow layer's activity of many test digits, one panel a rule, each class with its own colour
 * and its own mark. Points: count × width, of which the first two columns are drawn. The axes follow
 * the middle 98 % of the points; what lies outside is drawn on the border. Where the network can be
 * asked, a probe lies on one map, and beside the maps is what the network draws from that place.
 */
import { h, setText } from "../dom";
import { count, tick, value } from "../format";
import { Latest } from "../latest";
import { M } from "../messages";
import { PROBE } from "../messages/probe";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";
import { digitCanvas, type PictureShape } from "./digit-grid";
import { Surface } from "./surface";

export interface ScatterPanelData {
  readonly rule: RuleStyle;
  /** Null until the first read-out. */
  readonly points: Float32Array | null;
  /** Columns of `points`. */
  readonly width: number;
}

export interface ScatterData {
  readonly labels: Uint8Array;
  readonly panels: readonly ScatterPanelData[];
  /** The digit behind a point and what the rule's network makes of it. */
  readonly inspect: (rule: string, index: number) => Inspected | null;
  /** What a rule's network draws from a code, and the picture's shape; left out where nobody can be asked. */
  readonly decoder?: PictureShape & {
    readonly decode: (rule: string, code: Float32Array) => Promise<Float32Array | null>;
  };
}

export interface Inspected extends PictureShape {
  readonly original: Uint8Array;
  /** Null when it cannot be had. */
  readonly output: Promise<Float32Array | null>;
}

export interface Frame {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

interface Panel {
  readonly surface: Surface;
  readonly element: HTMLElement;
  readonly card: HTMLElement;
  readonly rule: string;
}

const MARGIN = 10;
/** Room for the axis numbers below the points. */
const FOOT = 16;
/** Radius of a mark in CSS pixels: smaller on small maps, never too small to tell shapes apart. */
const markSize = (width: number): number => Math.min(3.2, Math.max(2.1, width / 95));
/** A pointer further than this from every mark points at none, in CSS pixels. */
const REACH = 14;
/** How far an arrow key moves the probe, as a share of the map; with Shift. */
const STEP = 0.02;
const STRIDE = 0.1;

export class Scatter implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private readonly line: HTMLElement;
  private readonly legend: HTMLElement;
  private readonly marks: Surface[] = [];
  private data: ScatterData | null = null;
  private panels: Panel[] = [];
  private shape = "";
  private hover: { panel: number; index: number } | null = null;
  private readonly layout: HTMLElement;
  private readonly handle: HTMLElement;
  private readonly decoded: HTMLElement;
  private readonly decodedCanvas = h("canvas", { role: "img", "aria-label": PROBE.none });
  private readonly decodedTitle = h("p", { class: "probe-title" });
  private readonly decodedCode = h("p", { class: "probe-code" });
  private readonly decodedNote = h("p", { class: "probe-note" }, PROBE.hint);
  /** Where the probe lies, as shares of its map from the lower left. */
  private probe = { rule: "", x: 0.5, y: 0.5 };
  private dragging = false;
  private drawing: Float32Array | null = null;
  private probed: Float32Array | null = null;
  private readonly asker = new Latest<
    { rule: string; code: Float32Array; shape: NonNullable<ScatterData["decoder"]> },
    Float32Array | null
  >(
    ({ rule, code, shape }) => shape.decode(rule, code),
    (output, { rule, code }) => this.takeDecoded(output, rule, code),
  );

  constructor(private readonly host: ChartHost) {
    this.image = h("div", { class: "scatter", role: "img" });
    this.line = h("p", { class: "readout" }, M.latent.hint);
    this.legend = h("div", { class: "legend" });
    for (let label = 0; label < 10; label++) {
      const surface = new Surface(
        "mark",
        () => 12,
        () => this.host.queue.mark(this),
      );
      this.marks.push(surface);
      this.legend.append(h("span", { class: "legend-item" }, surface.canvas, String(label)));
    }
    this.handle = h("div", {
      class: "probe",
      role: "slider",
      tabindex: 0,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      hidden: true,
    });
    this.decoded = h(
      "div",
      { class: "decoded", hidden: true },
      this.decodedCanvas,
      h("div", {}, this.decodedTitle, this.decodedCode, this.decodedNote),
    );
    this.layout = h("div", { class: "scatter-layout" }, this.image, this.handle, this.decoded);
    this.element = h("div", { class: "scatter-chart" }, this.legend, this.layout, this.line);
    this.handle.addEventListener("pointerdown", (event) => this.grab(event, this.handle));
    this.handle.addEventListener("keydown", (event) => this.probeKey(event));
  }

  set(data: ScatterData): void {
    this.data = data;
    this.host.queue.mark(this);
    const panels = data.panels.filter(({ points }) => points !== null);
    if (!panels.some(({ rule }) => rule.id === this.probe.rule))
      this.probe = { rule: panels[0]?.rule.id ?? "", x: 0.5, y: 0.5 };
    const points = this.probePanel()?.points ?? null;
    if (points === this.probed) return;
    this.probed = points;
    this.askDecoded();
  }

  draw(): void {
    const data = this.data;
    if (data === null) return;
    const shape = data.panels.map((p) => p.rule.id).join();
    if (shape !== this.shape || this.panels.length === 0) this.build(data, shape);
    this.marks.forEach((surface, label) => {
      if (!surface.fit()) return;
      surface.ctx.clearRect(0, 0, surface.width, surface.height);
      surface.ctx.translate(surface.width / 2, surface.height / 2);
      this.fill(surface.ctx, label, [[0, 0]], 4);
    });
    data.panels.forEach((panel, i) => {
      const target = this.panels[i];
      if (target === undefined || !target.surface.fit()) return;
      const { ctx, width, height } = target.surface;
      ctx.clearRect(0, 0, width, height);
      this.drawPanel(ctx, panel, data.labels, width, height);
      if (this.hover?.panel === i) this.drawHover(ctx, panel, width, height, this.hover.index);
    });
    this.drawProbe(data);
  }

  restyle(): void {
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.data?.panels.map(({ rule }) => rule) ?? [];
  }

  summary(): string {
    const data = this.data;
    const parts = this.neighbours().map((n) => `${n.rule.short} ${n.share.toFixed(0)} %`);
    if (data === null || parts.length === 0) return M.figure.empty;
    const first = data.panels.find((p) => p.points !== null);
    const n = first?.points == null ? 0 : first.points.length / first.width;
    return M.latent.summary(count(n), parts.join("; "));
  }

  table(): Table {
    const rows = this.neighbours().map(({ rule, share, panel }) => {
      const f = frameOf(panel);
      const drawn = panel.width > 1 ? [f.x, f.y] : [f.x];
      const ranges = drawn.map(([from, to]) => `${value(from)} … ${value(to)}`);
      return [rule.short, `${share.toFixed(0)} %`, ranges.join("; ")];
    });
    return { head: [M.figure.rule, M.latent.neighbours, M.latent.spread], rows };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const data = this.data;
    if (data === null) return 0;
    const n = Math.max(1, data.panels.length);
    const gap = 16;
    const size = (width - gap * (n - 1)) / n;
    data.panels.forEach((panel, i) => {
      ctx.save();
      ctx.translate(i * (size + gap), 0);
      ctx.fillStyle = this.host.palette.rule(panel.rule.id);
      ctx.font = "600 12px system-ui, sans-serif";
      ctx.textBaseline = "top";
      ctx.fillText(panel.rule.short, 0, 0);
      ctx.translate(0, 18);
      this.drawPanel(ctx, panel, data.labels, size, size);
      ctx.restore();
    });
    for (let label = 0; label < 10; label++) {
      ctx.save();
      ctx.translate(6 + label * 30, size + 32);
      this.fill(ctx, label, [[0, 0]], 4);
      ctx.fillStyle = this.host.palette.get("--ink-2");
      ctx.font = "11px system-ui, sans-serif";
      ctx.textBaseline = "middle";
      ctx.fillText(String(label), 8, 0);
      ctx.restore();
    }
    return size + 44;
  }

  destroy(): void {
    for (const surface of this.marks) surface.destroy();
    for (const panel of this.panels) panel.surface.destroy();
    this.asker.stop();
    this.host.queue.drop(this);
  }

  private build(data: ScatterData, shape: string): void {
    this.shape = shape;
    this.hover = null;
    for (const panel of this.panels) panel.surface.destroy();
    this.panels = data.panels.map((panel, i) => {
      const surface = new Surface(
        "map",
        (width) => width,
        () => this.host.queue.mark(this),
      );
      const card = h("div", { class: "digit-card", hidden: true });
      const title = h(
        "span",
        { class: "row-label", title: panel.rule.label },
        h("span", { class: "swatch", "data-rule": panel.rule.id }),
        panel.rule.short,
      );
      const holder = h("div", { class: "map-holder" }, surface.canvas, card);
      const element = h("div", { class: "map-panel" }, title, holder);
      surface.canvas.addEventListener("pointermove", (event) => this.point(event, i));
      surface.canvas.addEventListener("pointerleave", () => this.clearHover());
      surface.canvas.addEventListener("pointerdown", (event) => {
        // A finger on the map scrolls the page: it places the probe by a tap, and drags it by its ring.
        if (event.pointerType === "touch") this.point(event, i);
        else this.place(event, panel.rule.id, surface.canvas);
      });
      surface.canvas.addEventListener("click", (event) => {
        if (event instanceof PointerEvent && event.pointerType === "touch")
          this.moveProbe(panel.rule.id, event);
      });
      return { surface, element, card, rule: panel.rule.id };
    });
    this.image.replaceChildren(...this.panels.map((panel) => panel.element));
  }

  private drawPanel(
    ctx: CanvasRenderingContext2D,
    panel: ScatterPanelData,
    labels: Uint8Array,
    width: number,
    height: number,
  ): void {
    const { palette } = this.host;
    ctx.strokeStyle = palette.get("--line");
    ctx.lineWidth = 1;
    const tall = height - FOOT;
    ctx.strokeRect(0.5, 0.5, width - 1, tall - 1);
    if (panel.points === null) return;
    const frame = frameOf(panel);
    const place = placer(frame, width, height);
    ctx.beginPath();
    const [ox, oy] = place(0, 0);
    if (ox > MARGIN && ox < width - MARGIN) ctx.rect(ox, 1, 0.5, tall - 2);
    if (oy > MARGIN && oy < tall - MARGIN) ctx.rect(1, oy, width - 2, 0.5);
    ctx.stroke();
    const byClass: [number, number][][] = Array.from({ length: 10 }, () => []);
    for (let i = 0; i * panel.width < panel.points.length; i++) {
      const [x, y] = pointOf(panel, i);
      byClass[(labels[i] ?? 0) % 10]?.push(place(x, y));
    }
    byClass.forEach((points, label) => {
      this.fill(ctx, label, points, markSize(width));
    });
    ctx.fillStyle = palette.get("--ink-2");
    ctx.font = "10px system-ui, sans-serif";
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    ctx.fillText(tick(Number(frame.x[0].toPrecision(2))), 0, height);
    ctx.textAlign = "right";
    ctx.fillText(tick(Number(frame.x[1].toPrecision(2))), width, height);
  }

  private drawHover(
    ctx: CanvasRenderingContext2D,
    panel: ScatterPanelData,
    width: number,
    height: number,
    index: number,
  ): void {
    const [x, y] = placer(frameOf(panel), width, height)(...pointOf(panel, index));
    ctx.strokeStyle = this.host.palette.get("--ink");
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(x, y, 7, 0, 2 * Math.PI);
    ctx.stroke();
  }

  private fill(
    ctx: CanvasRenderingContext2D,
    label: number,
    points: readonly (readonly [number, number])[],
    r: number,
  ): void {
    const outline = label === 4 || label === 5 || label === 7 || label === 8;
    ctx.beginPath();
    for (const [x, y] of points) mark(ctx, label, x, y, r);
    ctx.globalAlpha = 0.9;
    if (outline) {
      ctx.lineWidth = r * 0.5;
      ctx.strokeStyle = this.host.palette.digit(label);
      ctx.stroke();
    } else {
      ctx.fillStyle = this.host.palette.digit(label);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
  }

  // The probe ------------------------------------------------------------------------------------

  private probePanel(): ScatterPanelData | undefined {
    return this.data?.panels.find(({ rule }) => rule.id === this.probe.rule);
  }

  private drawProbe(data: ScatterData): void {
    const target = this.panels.find(({ rule }) => rule === this.probe.rule);
    const panel = this.probePanel();
    const there = data.decoder !== undefined && target !== undefined && panel?.points != null;
    this.handle.hidden = !there;
    this.decoded.hidden = data.decoder === undefined;
    this.layout.classList.toggle("probing", data.decoder !== undefined);
    if (!there) return;
    const box = target.surface.canvas.getBoundingClientRect();
    const from = this.layout.getBoundingClientRect();
    const { x, y } = this.probe;
    const across = MARGIN + x * (box.width - 2 * MARGIN);
    const down = box.height - FOOT - MARGIN - y * (box.height - FOOT - 2 * MARGIN);
    this.handle.style.left = `${box.left - from.left + across}px`;
    this.handle.style.top = `${box.top - from.top + down}px`;
    this.handle.dataset.rule = panel.rule.id;
    const { short } = panel.rule;
    const code = this.codeText(panel);
    this.handle.setAttribute("aria-label", PROBE.label(short));
    this.handle.setAttribute("aria-valuenow", String(Math.round(100 * x)));
    this.handle.setAttribute("aria-valuetext", code);
    this.decoded.dataset.rule = panel.rule.id;
    setText(this.decodedTitle, PROBE.title(short));
    setText(this.decodedCode, code);
    this.decodedCanvas.setAttribute("aria-label", PROBE.picture(short, code));
    if (this.drawing !== null)
      digitCanvas(this.drawing, 1, data.decoder, this.host.palette.ramp(), this.decodedCanvas);
  }

  /** The first one or two numbers of the code under the probe, and the mean of all others. */
  private code(panel: ScatterPanelData): Float32Array {
    const { points, width } = panel;
    const code = new Float32Array(width);
    if (points === null) return code;
    for (let i = 0; i < points.length; i++)
      code[i % width] = (code[i % width] ?? 0) + (points[i] ?? 0) / (points.length / width);
    const frame = frameOf(panel);
    const at = ([lo, hi]: readonly [number, number], share: number): number =>
      lo + share * (hi - lo);
    code[0] = at(frame.x, this.probe.x);
    if (width > 1) code[1] = at(frame.y, this.probe.y);
    return code;
  }

  private codeText(panel: ScatterPanelData): string {
    const numbers = [...this.code(panel).subarray(0, 2)].map((v) => v.toFixed(2));
    return PROBE.code(numbers.join(", ").replaceAll("-", "−"));
  }

  private askDecoded(): void {
    const shape = this.data?.decoder;
    const panel = this.probePanel();
    if (shape === undefined || panel?.points == null) return;
    this.asker.ask({ rule: panel.rule.id, code: this.code(panel), shape });
  }

  private takeDecoded(output: Float32Array | null, rule: string, code: Float32Array): void {
    this.drawing = output;
    this.decoded.classList.toggle("empty", output === null);
    const note = code.length > 2 ? `${PROBE.rest} ${PROBE.hint}` : PROBE.hint;
    setText(this.decodedNote, output === null ? PROBE.none : note);
    // Of which code the picture is, for whoever wants to check it.
    this.decoded.dataset.code = `${rule} ${[...code].join(" ")}`;
    this.host.queue.mark(this);
  }

  private place(event: PointerEvent, rule: string, canvas: HTMLElement): void {
    if (event.button !== 0 || this.data?.decoder === undefined) return;
    this.moveProbe(rule, event);
    this.grab(event, canvas);
  }

  private grab(event: PointerEvent, element: HTMLElement): void {
    if (event.button !== 0) return;
    // Else the browser would select text on the way.
    event.preventDefault();
    this.handle.focus({ preventScroll: true });
    this.clearHover();
    this.dragging = true;
    element.setPointerCapture(event.pointerId);
    const done = new AbortController();
    const { signal } = done;
    const follow = (moved: PointerEvent): void => this.moveProbe(this.probe.rule, moved);
    const end = (): void => {
      this.dragging = false;
      done.abort();
    };
    element.addEventListener("pointermove", follow, { signal });
    element.addEventListener("pointerup", end, { signal });
    element.addEventListener("pointercancel", end, { signal });
  }

  private moveProbe(rule: string, event: MouseEvent): void {
    const canvas = this.panels.find((panel) => panel.rule === rule)?.surface.canvas;
    if (canvas === undefined || this.data?.decoder === undefined) return;
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left - MARGIN) / (box.width - 2 * MARGIN);
    const y = (box.bottom - FOOT - MARGIN - event.clientY) / (box.height - FOOT - 2 * MARGIN);
    this.setProbe(rule, x, y);
  }

  private setProbe(rule: string, x: number, y: number): void {
    const within = (v: number): number => Math.min(1, Math.max(0, v));
    this.probe = { rule, x: within(x), y: within(y) };
    this.probed = this.probePanel()?.points ?? null;
    this.askDecoded();
    this.host.queue.mark(this);
  }

  private probeKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { rule, x, y } = this.probe;
    const step = event.shiftKey ? STRIDE : STEP;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    const move = moves[event.key];
    const turn = event.key === "PageDown" ? 1 : event.key === "PageUp" ? -1 : 0;
    if (move !== undefined) this.setProbe(rule, x + move[0], y + move[1]);
    else if (event.key === "Home") this.setProbe(rule, 0.5, 0.5);
    else if (turn !== 0) {
      const ids = (this.data?.panels ?? []).flatMap((p) => (p.points === null ? [] : [p.rule.id]));
      const next = ids[(ids.indexOf(rule) + turn + ids.length) % Math.max(1, ids.length)];
      if (next !== undefined) this.setProbe(next, x, y);
    } else return;
    event.preventDefault();
  }

  private point(event: PointerEvent, i: number): void {
    if (this.dragging) return;
    const data = this.data;
    const panel = data?.panels[i];
    const target = this.panels[i];
    if (data === null || panel?.points == null || target === undefined) return;
    const box = target.surface.canvas.getBoundingClientRect();
    const mx = event.clientX - box.left;
    const my = event.clientY - box.top;
    const place = placer(frameOf(panel), box.width, box.height);
    let best = -1;
    let reach = REACH * REACH;
    for (let k = 0; k * panel.width < panel.points.length; k++) {
      const [x, y] = place(...pointOf(panel, k));
      const d = (x - mx) ** 2 + (y - my) ** 2;
      if (d < reach) {
        reach = d;
        best = k;
      }
    }
    if (best < 0) {
      this.clearHover();
      return;
    }
    if (this.hover?.panel === i && this.hover.index === best) return;
    this.clearHover();
    this.hover = { panel: i, index: best };
    this.showCard(data, panel, target, best, place(...pointOf(panel, best)), box.width);
    this.host.queue.mark(this);
  }

  private showCard(
    data: ScatterData,
    panel: ScatterPanelData,
    target: Panel,
    index: number,
    at: readonly [number, number],
    width: number,
  ): void {
    const label = data.labels[index] ?? 0;
    setText(this.line, M.latent.readout(label, panel.rule.short));
    const found = data.inspect(panel.rule.id, index);
    if (found === null) return;
    const ramp = this.host.palette.ramp();
    const original = digitCanvas(found.original, 255, found, ramp);
    target.card.replaceChildren(original);
    target.card.hidden = false;
    void found.output.then((output) => {
      // The pointer may have gone on before it came.
      if (output !== null && original.parentElement === target.card)
        original.after(digitCanvas(output, 1, found, ramp));
    });
    const left = at[0] > width / 2;
    target.card.style.left = `${left ? at[0] - 12 : at[0] + 12}px`;
    target.card.style.top = `${at[1]}px`;
    target.card.classList.toggle("to-left", left);
  }

  private clearHover(): void {
    if (this.hover === null) return;
    const card = this.panels[this.hover.panel]?.card;
    if (card !== undefined) card.hidden = true;
    this.hover = null;
    setText(this.line, M.latent.hint);
    this.host.queue.mark(this);
  }

  /** Share of points whose nearest neighbour has the same label: a number for "well separated". */
  private neighbours(): { rule: RuleStyle; share: number; panel: ScatterPanelData }[] {
    const data = this.data;
    if (data === null) return [];
    return data.panels.flatMap((panel) =>
      panel.points === null
        ? []
        : [{ rule: panel.rule, share: nearestShare(panel, data.labels), panel }],
    );
  }
}

function pointOf(panel: Pick<ScatterPanelData, "points" | "width">, i: number): [number, number] {
  const at = i * panel.width;
  return [panel.points?.[at] ?? 0, panel.width > 1 ? (panel.points?.[at + 1] ?? 0) : 0];
}

/** The axes that show the middle of some points. */
export function frameOf(panel: Pick<ScatterPanelData, "points" | "width">): Frame {
  const n = panel.points === null ? 0 : panel.points.length / panel.width;
  const xs: number[] = [];
  const ys: number[] = [];
  for (let i = 0; i < n; i++) {
    const [x, y] = pointOf(panel, i);
    xs.push(x);
    ys.push(y);
  }
  return { x: middle(xs), y: middle(ys) };
}

/** 1st to 99th percentile, a little widened; never empty. */
function middle(values: number[]): [number, number] {
  values.sort((a, b) => a - b);
  const lo = values[Math.floor(values.length * 0.01)] ?? -1;
  const hi = values[Math.ceil(values.length * 0.99) - 1] ?? 1;
  const pad = (hi - lo) * 0.06 || 1;
  return [lo - pad, hi + pad];
}

function placer(
  frame: Frame,
  width: number,
  height: number,
): (x: number, y: number) => [number, number] {
  const across = (v: number, [lo, hi]: readonly [number, number], room: number): number =>
    MARGIN + Math.min(1, Math.max(0, (v - lo) / (hi - lo))) * (room - 2 * MARGIN);
  const tall = height - FOOT;
  return (x, y) => [across(x, frame.x, width), tall - across(y, frame.y, tall)];
}

/** Points compared with each other: the work grows with the square, a percentage needs no more. */
const NEIGHBOURS = 250;

export function nearestShare(
  panel: Pick<ScatterPanelData, "points" | "width">,
  labels: Uint8Array,
): number {
  const all = panel.points === null ? 0 : panel.points.length / panel.width;
  const n = Math.min(NEIGHBOURS, all);
  let same = 0;
  for (let i = 0; i < n; i++) {
    const [x, y] = pointOf(panel, i);
    let best = Number.POSITIVE_INFINITY;
    let label = -1;
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      const [u, v] = pointOf(panel, j);
      const d = (x - u) ** 2 + (y - v) ** 2;
      if (d < best) {
        best = d;
        label = labels[j] ?? -1;
      }
    }
    if (label === labels[i]) same++;
  }
  return n === 0 ? 0 : (100 * same) / n;
}

/** Ten marks that differ in shape: disc, square, triangles, diamond, cross, plus, ring, frame, bow tie. */
function mark(ctx: CanvasRenderingContext2D, label: number, x: number, y: number, r: number): void {
  const polygon = (...corners: readonly (readonly [number, number])[]): void => {
    corners.forEach(([dx, dy], i) => {
      if (i === 0) ctx.moveTo(x + dx * r, y + dy * r);
      else ctx.lineTo(x + dx * r, y + dy * r);
    });
    ctx.closePath();
  };
  const stroke = (x0: number, y0: number, x1: number, y1: number): void => {
    ctx.moveTo(x + x0 * r, y + y0 * r);
    ctx.lineTo(x + x1 * r, y + y1 * r);
  };
  switch (label % 10) {
    case 0:
      ctx.moveTo(x + r, y);
      ctx.arc(x, y, r, 0, 2 * Math.PI);
      return;
    case 1:
      ctx.rect(x - 0.85 * r, y - 0.85 * r, 1.7 * r, 1.7 * r);
      return;
    case 2:
      polygon([0, -1.1], [1.05, 0.85], [-1.05, 0.85]);
      return;
    case 3:
      polygon([0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]);
      return;
    case 4:
      stroke(-0.9, -0.9, 0.9, 0.9);
      stroke(-0.9, 0.9, 0.9, -0.9);
      return;
    case 5:
      stroke(-1.1, 0, 1.1, 0);
      stroke(0, -1.1, 0, 1.1);
      return;
    case 6:
      polygon([0, 1.1], [1.05, -0.85], [-1.05, -0.85]);
      return;
    case 7:
      ctx.moveTo(x + 0.85 * r, y);
      ctx.arc(x, y, 0.85 * r, 0, 2 * Math.PI);
      return;
    case 8:
      ctx.rect(x - 0.75 * r, y - 0.75 * r, 1.5 * r, 1.5 * r);
      return;
    default:
      polygon([-1, -0.9], [1, 0.9], [1, -0.9], [-1, 0.9]);
  }
}
