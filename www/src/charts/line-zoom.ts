/**
 * Which part of the x axis the curves show: one object an instance, so that all its line figures agree.
 *
 * Drag across a chart, Ctrl and the wheel, buttons, or keys: + and − zoom, 0 shows everything, Shift and the
 * arrows move along. The arrows alone walk from point to point. The arithmetic has no DOM.
 */
import { h } from "../dom";
import { C } from "../messages/lab";

export type Span = readonly [number, number];

export class Zoom {
  private shown: Span | null = null;
  private readonly listeners = new Set<() => void>();

  /** Null: everything. */
  get span(): Span | null {
    return this.shown;
  }

  set(span: Span | null): void {
    if (span?.[0] === this.shown?.[0] && span?.[1] === this.shown?.[1]) return;
    this.shown = span;
    for (const listener of this.listeners) listener();
  }

  on(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** Least width of a zoomed axis, as a share of everything. */
const LEAST = 1 / 5000;
const STEP = 2;

const flat = (v: number, full: Span, log: boolean): number =>
  log ? Math.log(Math.max(v, full[0])) : v;
const round = (t: number, log: boolean): number => (log ? Math.exp(t) : t);

/** The span of `full` that lies inside it; null when that is (nearly) everything. */
function within(a: number, b: number, full: Span, log: boolean): Span | null {
  const lo = flat(full[0], full, log);
  const hi = flat(full[1], full, log);
  const width = Math.max(b - a, (hi - lo) * LEAST);
  if (width >= (hi - lo) * 0.999) return null;
  const from = Math.min(Math.max(a, lo), hi - width);
  return [round(from, log), round(from + width, log)];
}

/** `now` made `factor` times narrower around the place that lies at `share` of it. */
export function zoomed(
  now: Span,
  full: Span,
  factor: number,
  log: boolean,
  share = 0.5,
): Span | null {
  const a = flat(now[0], full, log);
  const b = flat(now[1], full, log);
  const width = (b - a) / factor;
  const from = a + (b - a) * share - width * share;
  return within(from, from + width, full, log);
}

/** `now` moved by a share of its own width, as far as there is something to see. */
export function moved(now: Span, full: Span, share: number, log: boolean): Span | null {
  const a = flat(now[0], full, log);
  const b = flat(now[1], full, log);
  return within(a + (b - a) * share, b + (b - a) * share, full, log);
}

/** What lies between two points that were pointed at. */
export function between(a: number, b: number, full: Span, log: boolean): Span | null {
  const [lo, hi] = a < b ? [a, b] : [b, a];
  return within(flat(lo, full, log), flat(hi, full, log), full, log);
}

/** The chart as the gestures see it. */
export interface ZoomTarget {
  /** All that there is to see; null before there is anything. */
  full(): Span | null;
  log(): boolean;
  /** The element that the curves lie in, without the axes. */
  over(): HTMLElement | null;
  /** The value at a distance from its left edge, in CSS pixels. */
  at(px: number): number;
  /** Cursor to the next point to the left (−1) or right (1). */
  walk(direction: -1 | 1): void;
}

/** Pointer travel that counts as a drag, in CSS pixels. */
const DRAG = 5;

export class ZoomGestures {
  /** − + and "all", for the figure's foot. */
  readonly tools: HTMLElement;
  private readonly buttons: readonly HTMLButtonElement[];
  private readonly all: HTMLButtonElement;
  private readonly band = h("div", { class: "zoom-band", hidden: true });
  private from: number | null = null;
  private dragging = false;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly plot: HTMLElement,
    private readonly zoom: Zoom,
    private readonly target: ZoomTarget,
  ) {
    const button = (text: string, name: string, run: () => void): HTMLButtonElement => {
      const element = h(
        "button",
        { type: "button", class: "quiet zoom", title: name, "aria-label": name },
        text,
      );
      element.addEventListener("click", run);
      return element;
    };
    this.all = button(C.zoom.all, C.zoom.allTitle, () => zoom.set(null));
    const out = button("−", C.zoom.out, () => this.by(1 / STEP));
    const into = button("+", C.zoom.in, () => this.by(STEP));
    this.buttons = [out, this.all];
    this.tools = h(
      "div",
      { class: "zoom-tools", role: "group", "aria-label": C.zoom.label },
      out,
      into,
      this.all,
    );
    this.unsubscribe = zoom.on(() => this.refresh());
    this.refresh();
    plot.tabIndex = 0;
    plot.setAttribute("aria-keyshortcuts", "Plus - 0 ArrowLeft ArrowRight");
    plot.append(this.band);
    plot.addEventListener("pointerdown", (event) => this.down(event));
    plot.addEventListener("pointermove", (event) => this.move(event));
    plot.addEventListener("pointerup", (event) => this.up(event));
    plot.addEventListener("pointercancel", () => this.stop());
    plot.addEventListener("dblclick", () => zoom.set(null));
    plot.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    plot.addEventListener("keydown", (event) => this.key(event));
  }

  destroy(): void {
    this.unsubscribe();
  }

  private refresh(): void {
    for (const button of this.buttons) button.disabled = this.zoom.span === null;
    this.all.hidden = this.zoom.span === null;
  }

  private by(factor: number, share = 0.5): void {
    const full = this.target.full();
    if (full === null) return;
    this.zoom.set(zoomed(this.zoom.span ?? full, full, factor, this.target.log(), share));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const full = this.target.full();
    const { key } = event;
    if (key === "+" || key === "=") this.by(STEP);
    else if (key === "-" || key === "_") this.by(1 / STEP);
    else if (key === "0" || key === "Escape") {
      if (key === "Escape" && this.zoom.span === null) return;
      this.zoom.set(null);
    } else if (key === "ArrowLeft" || key === "ArrowRight") {
      const direction = key === "ArrowLeft" ? -1 : 1;
      if (!event.shiftKey) this.target.walk(direction);
      else if (full !== null && this.zoom.span !== null) {
        this.zoom.set(moved(this.zoom.span, full, direction / 4, this.target.log()));
      }
    } else return;
    event.preventDefault();
  }

  private wheel(event: WheelEvent): void {
    const over = this.target.over();
    if (!event.ctrlKey || over === null) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.by(STEP ** (event.deltaY < 0 ? 0.5 : -0.5), share);
  }

  /** Distance from the curves' left edge, kept inside; null where there are no curves. */
  private place(event: PointerEvent): number | null {
    const box = this.target.over()?.getBoundingClientRect();
    if (box === undefined) return null;
    return Math.min(box.width, Math.max(0, event.clientX - box.left));
  }

  private down(event: PointerEvent): void {
    const over = this.target.over();
    const inside = event.target instanceof Node && over?.contains(event.target) === true;
    if (!event.isPrimary || event.button !== 0 || !inside) return;
    this.from = this.place(event);
  }

  private move(event: PointerEvent): void {
    if (this.from === null) return;
    const to = this.place(event);
    const over = this.target.over();
    if (to === null || over === null) return;
    if (!this.dragging) {
      if (Math.abs(to - this.from) < DRAG) return;
      this.dragging = true;
      this.plot.setPointerCapture(event.pointerId);
      this.band.hidden = false;
    }
    const box = over.getBoundingClientRect();
    const host = this.plot.getBoundingClientRect();
    const { style } = this.band;
    style.setProperty("left", `${box.left - host.left + Math.min(to, this.from)}px`);
    style.setProperty("width", `${Math.abs(to - this.from)}px`);
    style.setProperty("top", `${box.top - host.top}px`);
    style.setProperty("height", `${box.height}px`);
  }

  private up(event: PointerEvent): void {
    const to = this.place(event);
    const full = this.target.full();
    if (this.dragging && this.from !== null && to !== null && full !== null) {
      const { target } = this;
      this.zoom.set(between(target.at(this.from), target.at(to), full, target.log()));
    }
    this.stop();
  }

  private stop(): void {
    this.from = null;
    this.dragging = false;
    this.band.hidden = true;
  }
}
