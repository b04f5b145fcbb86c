/**
 * One dial a layer: 0° is the true gradient, to the right, and a needle leans away from it by the very angle
 * at which a rule's feedback does. The half that goes downhill is drawn large, the other one small; angles
 * are never folded. Needles move calmly to a new value, or jump where the reader wants no motion.
 */
import { h, setText } from "../dom";
import { degrees } from "../format";
import { M } from "../messages";
import { DIALS as T } from "../messages/dials";
import type { Chart, ChartHost, RuleStyle, Table } from "./chart";
import { Surface } from "./surface";

export interface Needle {
  readonly rule: RuleStyle;
  readonly dash: readonly number[];
  /** Degrees, 0 to 180; null where there is none. */
  readonly angle: number | null;
}

export interface DialLayer {
  readonly name: string;
  readonly through: string;
  readonly needles: readonly Needle[];
}

interface Dial {
  readonly surface: Surface;
  readonly element: HTMLElement;
  readonly list: HTMLElement;
  /** Angles as drawn at the moment, by rule. */
  readonly shown: Map<string, number>;
}

/** Radius of the uphill half, of the other one's. */
const SMALL = 0.56;
const SIDE = 34;
const TOP = 26;
const BOTTOM = 22;
const WIDEST = 340;
/** Height of a label and the space beside it, in CSS pixels. */
const LABEL_TALL = 13;
const LABEL_SPACE = 7;
/** Rounds of pushing labels apart: enough for all rules at one angle. */
const ROUNDS = 60;
/** A needle covers all but a third of its way in this time, in ms. */
const EASE_MS = 140;
const LONGEST_FRAME_MS = 50;
const STILL = 0.15;
const TICKS = [0, 30, 60, 90, 120, 150, 180];

export class DialChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private layers: readonly DialLayer[] = [];
  private dials: Dial[] = [];
  private shape = "";
  private lists = "";
  private drawnAt = 0;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(private readonly host: ChartHost) {
    this.image = h("div", { class: "dials", role: "img" });
    this.element = h("div", { class: "dial-chart" }, this.image);
  }

  set(layers: readonly DialLayer[]): void {
    this.layers = layers;
    this.host.queue.mark(this);
  }

  draw(): void {
    const { layers } = this;
    const shape = layers.map(({ name, through }) => `${name}/${through}`).join();
    if (shape !== this.shape) this.build(shape);
    this.write();
    const now = performance.now();
    const share = this.calm.matches
      ? 1
      : 1 - Math.exp(-Math.min(now - this.drawnAt, LONGEST_FRAME_MS) / EASE_MS);
    this.drawnAt = now;
    let moving = false;
    layers.forEach((layer, i) => {
      const dial = this.dials[i];
      if (dial === undefined || !dial.surface.fit()) return;
      for (const { rule, angle } of layer.needles) {
        if (angle === null) {
          dial.shown.delete(rule.id);
          continue;
        }
        const at = dial.shown.get(rule.id) ?? angle;
        const next = Math.abs(angle - at) < STILL ? angle : at + share * (angle - at);
        dial.shown.set(rule.id, next);
        moving ||= next !== angle;
      }
      const { ctx, width, height } = dial.surface;
      ctx.clearRect(0, 0, width, height);
      this.drawDial(ctx, layer, width, (needle) => dial.shown.get(needle.rule.id) ?? null);
    });
    // Not at once: whatever is marked while the queue draws would be drawn in the same frame.
    if (moving) queueMicrotask(() => this.host.queue.mark(this));
  }

  restyle(): void {
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.layers[0]?.needles.map(({ rule }) => rule) ?? [];
  }

  summary(): string {
    const parts = this.layers.flatMap(({ name, needles }) => {
      const known = needles.flatMap(({ rule, angle }) =>
        angle === null ? [] : [T.needle(rule.short, degrees(angle), wordOf(angle))],
      );
      return known.length === 0 ? [] : [T.summary(name, known.join("; "))];
    });
    return parts.length === 0 ? M.figure.empty : parts.join(" ");
  }

  table(): Table {
    const first = this.layers[0];
    if (first === undefined) return { head: [], rows: [] };
    return {
      head: [M.figure.rule, ...this.layers.map(({ name, through }) => `${name}, ${through}`)],
      rows: first.needles.map(({ rule }, k) => [
        rule.short,
        ...this.layers.map(({ needles }) => degrees(needles[k]?.angle)),
      ]),
    };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const n = Math.max(1, this.layers.length);
    const across = Math.min(3, n);
    const size = Math.min(WIDEST, width / across);
    const tall = dialHeight(size) + 24;
    this.layers.forEach((layer, i) => {
      ctx.save();
      ctx.translate((i % across) * size, Math.floor(i / across) * tall);
      ctx.font = "600 12px system-ui, sans-serif";
      ctx.textBaseline = "top";
      ctx.textAlign = "left";
      ctx.fillStyle = this.host.palette.get("--ink");
      ctx.fillText(`${layer.name}, ${layer.through}`, 0, 0);
      ctx.translate(0, 20);
      this.drawDial(ctx, layer, size, ({ angle }) => angle);
      ctx.restore();
    });
    return Math.ceil(n / across) * tall;
  }

  destroy(): void {
    for (const dial of this.dials) dial.surface.destroy();
    this.host.queue.drop(this);
  }

  private build(shape: string): void {
    this.shape = shape;
    this.lists = "";
    for (const dial of this.dials) dial.surface.destroy();
    this.dials = this.layers.map(({ name, through }) => {
      const surface = new Surface("dial", dialHeight, () => this.host.queue.mark(this));
      const list = h("ul", { class: "dial-values" });
      const element = h(
        "div",
        { class: "dial-panel" },
        h("p", { class: "dial-head" }, h("b", {}, name), ` ${through}`),
        surface.canvas,
        list,
      );
      return { surface, element, list, shown: new Map() };
    });
    this.image.replaceChildren(...this.dials.map(({ element }) => element));
  }

  /** The values in words below each dial. */
  private write(): void {
    const shape = `${this.shape}|${this.rules().map(({ id }) => id)}`;
    if (shape !== this.lists) {
      this.lists = shape;
      this.layers.forEach(({ needles }, i) => {
        const items = needles.map(({ rule }) =>
          h(
            "li",
            { title: rule.label },
            h("span", { class: "swatch", "data-rule": rule.id }),
            h("b", {}, rule.short),
            h("span", { class: "dial-number" }),
            h("span", { class: "dial-word" }),
          ),
        );
        this.dials[i]?.list.replaceChildren(...items);
      });
    }
    this.layers.forEach(({ needles }, i) => {
      needles.forEach(({ angle }, k) => {
        const [, , number, word] = this.dials[i]?.list.children[k]?.children ?? [];
        if (number !== undefined) setText(number, degrees(angle));
        if (word !== undefined) setText(word, angle === null ? T.none : wordOf(angle));
      });
    });
  }

  private drawDial(
    ctx: CanvasRenderingContext2D,
    layer: DialLayer,
    width: number,
    shown: (needle: Needle) => number | null,
  ): void {
    const { palette } = this.host;
    const { large, small, x: ox, y: oy } = geometry(width);
    // A spiral: the uphill half shrinks, and no needle jumps where it begins.
    const radius = (angle: number): number =>
      angle <= 90 ? large : large - ((large - small) * (angle - 90)) / 90;
    const place = (angle: number, r: number): [number, number] => {
      const t = (angle * Math.PI) / 180;
      return [ox + Math.cos(t) * r, oy - Math.sin(t) * r];
    };
    ctx.beginPath();
    ctx.moveTo(ox, oy);
    ctx.arc(ox, oy, large, 0, -Math.PI / 2, true);
    ctx.closePath();
    ctx.fillStyle = palette.get("--panel");
    ctx.fill();
    ctx.lineWidth = 1;
    ctx.strokeStyle = palette.get("--line-strong");
    ctx.beginPath();
    ctx.arc(ox, oy, large, 0, -Math.PI / 2, true);
    for (let angle = 92; angle <= 180; angle += 2) ctx.lineTo(...place(angle, radius(angle)));
    ctx.stroke();
    ctx.strokeStyle = palette.get("--line");
    ctx.beginPath();
    ctx.moveTo(ox, oy);
    ctx.lineTo(ox - small, oy);
    ctx.stroke();
    this.drawScale(ctx, place, radius);

    // The true gradient: where every needle should point.
    ctx.strokeStyle = palette.get("--ink");
    ctx.fillStyle = palette.get("--ink");
    ctx.lineWidth = 1.25;
    ctx.beginPath();
    ctx.moveTo(ox, oy);
    ctx.lineTo(ox + large, oy);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(ox + large + 5, oy);
    ctx.lineTo(ox + large - 4, oy - 4);
    ctx.lineTo(ox + large - 4, oy + 4);
    ctx.fill();
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "top";
    ctx.textAlign = "right";
    ctx.fillText(T.truth, ox + large, oy + 6);
    ctx.fillStyle = palette.get("--ink-2");
    ctx.textAlign = "left";
    ctx.fillText(T.uphill, ox - small, oy + 6);

    this.drawNeedles(ctx, layer, shown, place, radius, { large, width });
    ctx.fillStyle = palette.get("--ink");
    ctx.beginPath();
    ctx.arc(ox, oy, 3.5, 0, 2 * Math.PI);
    ctx.fill();
  }

  private drawScale(
    ctx: CanvasRenderingContext2D,
    place: (angle: number, r: number) => [number, number],
    radius: (angle: number) => number,
  ): void {
    const { palette } = this.host;
    ctx.font = "10px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    ctx.textAlign = "center";
    for (const angle of TICKS) {
      const r = radius(angle);
      ctx.strokeStyle = palette.get("--line-strong");
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(...place(angle, r - 4));
      ctx.lineTo(...place(angle, r));
      ctx.stroke();
      if (angle === 0 || angle === 180) continue;
      ctx.fillStyle = palette.get("--ink-2");
      ctx.fillText(`${angle}°`, ...place(angle === 90 ? 84 : angle, r - 14));
    }
    ctx.setLineDash([2, 3]);
    ctx.strokeStyle = palette.get("--ink-2");
    ctx.lineWidth = 1.25;
    ctx.beginPath();
    ctx.moveTo(...place(90, 0));
    ctx.lineTo(...place(90, radius(90) + 8));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  private drawNeedles(
    ctx: CanvasRenderingContext2D,
    layer: DialLayer,
    shown: (needle: Needle) => number | null,
    place: (angle: number, r: number) => [number, number],
    radius: (angle: number) => number,
    { large, width }: { readonly large: number; readonly width: number },
  ): void {
    const { palette } = this.host;
    ctx.font = "600 11px system-ui, sans-serif";
    const labels: { at: number; angle: number; wide: number; rule: RuleStyle }[] = [];
    for (const needle of layer.needles) {
      const angle = shown(needle);
      if (angle === null) continue;
      const tip = place(angle, radius(angle) - 1);
      ctx.strokeStyle = palette.rule(needle.rule.id);
      ctx.lineWidth = 2;
      ctx.setLineDash([...needle.dash]);
      ctx.beginPath();
      ctx.moveTo(...place(angle, 0));
      ctx.lineTo(...tip);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = palette.rule(needle.rule.id);
      ctx.beginPath();
      ctx.arc(...tip, 3, 0, 2 * Math.PI);
      ctx.fill();
      const wide = ctx.measureText(needle.rule.short).width;
      labels.push({ at: angle, angle, wide, rule: needle.rule });
    }
    pushApart(labels, large + 12);
    ctx.textBaseline = "middle";
    ctx.textAlign = "center";
    for (const { at, angle, wide, rule } of labels) {
      const [x0, y0] = place(angle, radius(angle) + 3);
      const [x, y] = place(at, radius(at) + 12);
      ctx.strokeStyle = palette.rule(rule.id);
      ctx.lineWidth = 1;
      if (Math.abs(at - angle) > 2) {
        ctx.beginPath();
        ctx.moveTo(x0, y0);
        ctx.lineTo(...place(at, radius(at) + 7));
        ctx.stroke();
      }
      ctx.fillStyle = palette.rule(rule.id);
      // To the right of the rim at 0°, centred above it at 90°, to its left at 180°.
      const lean = Math.cos((at * Math.PI) / 180);
      const half = wide / 2;
      ctx.fillText(rule.short, Math.max(half, Math.min(x + lean * half, width - half)), y);
    }
  }
}

function geometry(width: number): { large: number; small: number; x: number; y: number } {
  const room = Math.min(width, WIDEST);
  const large = (room - 2 * SIDE) / (1 + SMALL);
  const small = large * SMALL;
  return { large, small, x: SIDE + small, y: TOP + large };
}

function dialHeight(width: number): number {
  return Math.round(TOP + geometry(width).large + BOTTOM);
}

/** Moves labels along a rim of this radius until none lies on another: they are tall, but wider than tall. */
export function pushApart(labels: { at: number; wide: number }[], radius: number): void {
  labels.sort((a, b) => a.at - b.at);
  const arc = (Math.PI / 180) * radius;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 1; i < labels.length; i++) {
      const [a, b] = [labels[i - 1], labels[i]];
      if (a === undefined || b === undefined) continue;
      const flat = Math.abs(Math.sin((((a.at + b.at) / 2) * Math.PI) / 180));
      const wide = (a.wide + b.wide) / 2 + LABEL_SPACE;
      const missing = Math.max(LABEL_TALL, flat * wide) / arc - (b.at - a.at);
      if (missing <= 0.01) continue;
      const [down, up] = [Math.min(missing / 2, a.at), Math.min(missing / 2, 180 - b.at)];
      a.at -= down + (missing / 2 - up);
      b.at += up + (missing / 2 - down);
    }
  }
}

export function wordOf(angle: number): string {
  return T.words.reduce((found, [from, word]) => (angle >= from ? word : found), T.none as string);
}
