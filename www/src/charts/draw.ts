/**
 * A pad to draw a digit on, by pointer, touch or keys, and below the rules' answers to it: scores for a
 * classifier; for an autoencoder the picture it makes of it and where the drawing lies on its map.
 */
import { h, setText } from "../dom";
import { value } from "../format";
import { M } from "../messages";
import { DRAW as T } from "../messages/draw";
import { ANSWERED, type Chart, type ChartHost, type RuleStyle, type Table } from "./chart";
import { digitCanvas } from "./digit-grid";
import { Ink, SIDE } from "./draw-ink";
import { frameOf } from "./scatter";
import { argmax } from "./scores";
import { Surface } from "./surface";

/** A rule's output for the drawing, and the activity of its narrow layer. */
export interface Answer {
  readonly output: Float32Array;
  readonly code: Float32Array;
}

/** Where test digits lie on a rule's map: count × width. */
export interface Cloud {
  readonly points: Float32Array;
  readonly width: number;
}

export interface DrawData {
  readonly task: "autoencoder" | "classifier";
  readonly rules: readonly RuleStyle[];
  readonly answers: ReadonlyMap<string, Answer>;
  readonly clouds: ReadonlyMap<string, Cloud>;
  readonly labels: Uint8Array;
  /** Why nothing can be drawn; null when it can. */
  readonly blocked: string | null;
}

/** A digit as it comes with the data: 28 × 28 bytes. */
export interface GivenDigit {
  readonly pixels: Uint8Array;
  readonly label: number;
}

export interface DrawPorts {
  /** The picture that the networks are to answer; null for none. */
  onImage(image: Float32Array | null): void;
  /** A test digit to start from. */
  testDigit(): GivenDigit | null;
  onDestroy(): void;
}

interface Row {
  readonly rule: RuleStyle;
  readonly element: HTMLElement;
  readonly surface: Surface;
  readonly map: Surface | null;
  readonly text: HTMLElement;
  /** The test digits of its map as drawn last: a stroke must not draw thousands of points anew. */
  backdrop: { readonly points: Float32Array; readonly canvas: HTMLCanvasElement } | null;
}

const SHAPE = { rows: SIDE, cols: SIDE, channels: 1 };
/** Pixels that the pen goes with an arrow key; with Shift. */
const NUDGE = 1;
const STRIDE = 4;
/** A pad this far off screen is about to be seen, in CSS pixels. */
const NEAR = 120;
const BARS = 54;
const FOOT = 14;
const ANSWER = 34;
const INSET = 5;

export class DrawChart implements Chart {
  readonly element: HTMLElement;
  readonly image: HTMLElement;
  private readonly ink = new Ink();
  private readonly pad: Surface;
  private readonly padBox: HTMLElement;
  private readonly invite = h(
    "p",
    { class: "pad-invite", "aria-hidden": "true" },
    M.figure.waiting,
  );
  private readonly seen: Surface;
  private readonly blocked = h("p", { class: "draw-blocked", hidden: true });
  private readonly body: HTMLElement;
  private readonly help: HTMLElement;
  private readonly line = h("p", { class: "readout" }, T.empty);
  private readonly spoken = h("p", { class: "visually-hidden", "aria-live": "polite" });
  private readonly scratch = h("canvas", {});
  private readonly small = h("canvas", {});
  private data: DrawData | null = null;
  private picture: Float32Array | null = null;
  private source = "";
  /** On the pad is a digit that nobody asked for: the first stroke clears it. */
  private example = false;
  /** The reader has drawn, cleared or taken something here: what is on the pad is theirs. */
  private owned = false;
  private rows: Row[] = [];
  private shape = "";
  /** The pen that arrow keys move, in pixels; shown once it has been used. */
  private pen: { x: number; y: number; down: boolean } | null = null;
  private last: readonly [number, number] | null = null;
  /** A drawing was finished whose answers are still to be said. */
  private sayDue = false;

  constructor(
    private readonly host: ChartHost,
    private readonly ports: DrawPorts,
  ) {
    const mark = (): void => host.queue.mark(this);
    this.pad = new Surface("pad", (width) => width, mark);
    this.seen = new Surface("seen", (width) => width, mark);
    this.seen.canvas.title = T.seen;
    this.image = h("div", { class: "answers", role: "img" });
    const help = `${host.syncKey}-pad-help`;
    this.help = h("p", { class: "visually-hidden", id: help }, T.padHelp);
    this.padBox = h(
      "div",
      {
        class: "pad-box",
        role: "application",
        tabindex: 0,
        "aria-label": T.pad,
        "aria-describedby": help,
      },
      this.pad.canvas,
      this.invite,
    );
    const clear = h("button", { type: "button", class: "small" }, T.clear);
    clear.addEventListener("click", () => this.clear());
    const test = h("button", { type: "button", class: "small" }, T.test);
    test.addEventListener("click", () => this.take());
    this.body = h(
      "div",
      { class: "draw-body" },
      h(
        "div",
        { class: "draw-side" },
        this.padBox,
        h(
          "div",
          { class: "draw-under" },
          h("div", { class: "button-row" }, test, clear),
          this.seen.canvas,
        ),
        h("p", { class: "hint" }, T.keys),
        this.help,
      ),
      h("div", { class: "draw-answers" }, this.image, this.line),
    );
    this.element = h("div", { class: "draw-chart" }, this.blocked, this.body, this.spoken);
    this.listen();
  }

  set(data: DrawData): void {
    this.data = data;
    if (data.blocked !== null && this.picture !== null) this.empty();
    this.host.queue.mark(this);
    this.element.dispatchEvent(new Event(ANSWERED));
    if (!this.sayDue || data.answers.size === 0) return;
    this.sayDue = false;
    setText(this.spoken, this.answersText());
  }

  /** The reader has not used the pad, and it is on the screen or about to be. */
  get invites(): boolean {
    if (this.owned) return false;
    const { top, bottom, height } = this.element.getBoundingClientRect();
    return height > 0 && bottom > -NEAR && top < window.innerHeight + NEAR;
  }

  /** Shows a digit until the reader draws, and says nothing of it unasked. */
  offer(digit: GivenDigit): void {
    this.ink.take(digit.pixels);
    this.example = true;
    this.changed(T.offered(digit.label));
  }

  draw(): void {
    const { data } = this;
    if (data === null) return;
    setText(this.blocked, data.blocked ?? "");
    this.blocked.hidden = data.blocked === null;
    this.body.hidden = data.blocked !== null;
    if (data.blocked !== null) return;
    const shape = `${data.task}/${data.rules.map(({ id }) => id).join()}`;
    if (shape !== this.shape) this.build(data, shape);
    setText(this.invite, this.example ? T.example : T.empty);
    this.invite.classList.toggle("beside", this.example);
    this.invite.hidden = !this.example && (this.picture !== null || this.pen !== null);
    setText(this.help, this.example ? `${T.exampleHelp} ${T.padHelp}` : T.padHelp);
    setText(this.line, this.picture === null ? "" : this.answersText());
    this.drawPad();
    this.drawSeen();
    for (const row of this.rows) {
      if (!row.surface.fit()) continue;
      const { ctx, width, height } = row.surface;
      ctx.clearRect(0, 0, width, height);
      const answer = this.answerOf(row.rule);
      if (data.task === "classifier") this.drawScores(ctx, row.rule, answer, width, height);
      else this.drawPicture(ctx, answer, width);
      if (row.map?.fit() === true) this.drawMap(row, row.map, data);
      setText(row.text, data.task === "classifier" ? "" : this.pictureText(answer));
    }
  }

  restyle(): void {
    for (const row of this.rows) row.backdrop = null;
    this.host.queue.mark(this);
  }

  rules(): readonly RuleStyle[] {
    return this.data?.rules ?? [];
  }

  summary(): string {
    if (this.data?.blocked != null) return this.data.blocked;
    if (this.picture === null) return T.empty;
    return `${this.source} ${this.answersText()}`;
  }

  table(): Table {
    const { data } = this;
    if (data === null || this.picture === null) return { head: [], rows: [] };
    const known = data.rules.flatMap((rule) => {
      const answer = this.answerOf(rule);
      return answer === null ? [] : [{ rule, answer }];
    });
    if (data.task === "classifier") {
      const classes = known[0]?.answer.output.length ?? 0;
      return {
        head: [M.figure.rule, T.answer, ...Array.from({ length: classes }, (_, k) => T.score(k))],
        rows: known.map(({ rule, answer: { output } }) => [
          rule.short,
          String(argmax(output)),
          ...[...output].map((v) => signed(v)),
        ]),
      };
    }
    return {
      head: [M.figure.rule, T.loss, T.codeHead],
      rows: known.map(({ rule, answer }) => [
        rule.short,
        value(this.lossOf(answer)),
        codeText(answer.code),
      ]),
    };
  }

  paint(ctx: CanvasRenderingContext2D, width: number): number {
    const { data, picture } = this;
    if (data === null || picture === null) return 0;
    const side = 96;
    this.drawDigit(ctx, picture, side);
    const left = side + 24;
    const room = width - left;
    ctx.textBaseline = "top";
    let bottom = side;
    data.rules.forEach((rule, i) => {
      const across = Math.max(1, Math.floor(room / (side + 16)));
      const tall = data.task === "classifier" ? BARS + FOOT + 24 : side + 38;
      const [x, y] =
        data.task === "classifier"
          ? [left, i * tall]
          : [left + (i % across) * (side + 16), Math.floor(i / across) * tall];
      ctx.save();
      ctx.translate(x, y);
      ctx.font = "600 12px system-ui, sans-serif";
      ctx.textAlign = "left";
      ctx.textBaseline = "top";
      ctx.fillStyle = this.host.palette.rule(rule.id);
      ctx.fillText(rule.short, 0, 0);
      ctx.translate(0, 18);
      const answer = this.answerOf(rule);
      if (data.task === "classifier") this.drawScores(ctx, rule, answer, room, BARS + FOOT);
      else this.drawPicture(ctx, answer, side);
      ctx.restore();
      bottom = Math.max(bottom, y + tall);
    });
    return bottom;
  }

  destroy(): void {
    for (const row of this.rows) this.dismiss(row);
    this.pad.destroy();
    this.seen.destroy();
    this.host.queue.drop(this);
    this.ports.onDestroy();
  }

  // Drawing by the reader ---------------------------------------------------------------------------

  private listen(): void {
    const { padBox } = this;
    padBox.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      padBox.focus({ preventScroll: true });
      this.pen = null;
      padBox.setPointerCapture(event.pointerId);
      this.strokeTo(this.place(event));
      this.changed(T.drawn);
    });
    padBox.addEventListener("pointermove", (event) => {
      if (this.last === null) return;
      // All that the pointer passed since the last frame: fast strokes stay round.
      const all = event.getCoalescedEvents();
      for (const part of all.length > 0 ? all : [event]) this.strokeTo(this.place(part));
      this.changed(T.drawn);
    });
    const end = (): void => {
      if (this.last === null) return;
      this.last = null;
      this.finished();
    };
    padBox.addEventListener("pointerup", end);
    padBox.addEventListener("pointercancel", end);
    padBox.addEventListener("blur", () => {
      this.pen = null;
      this.host.queue.mark(this);
    });
    padBox.addEventListener("keydown", (event) => this.key(event));
  }

  private place(event: PointerEvent): readonly [number, number] {
    const box = this.pad.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * SIDE,
      ((event.clientY - box.top) / box.height) * SIDE,
    ];
  }

  private strokeTo(to: readonly [number, number]): void {
    const from = this.last ?? to;
    this.last = to;
    this.begin();
    this.ink.stroke(...from, ...to);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const move = moves[event.key];
    const pen = this.pen ?? { x: SIDE / 2, y: SIDE / 2, down: false };
    if (move !== undefined) {
      const step = event.shiftKey ? STRIDE : NUDGE;
      const within = (v: number): number => Math.max(2, Math.min(SIDE - 2, v));
      const next = { ...pen, x: within(pen.x + step * move[0]), y: within(pen.y + step * move[1]) };
      this.pen = next;
      if (pen.down) this.penStroke(pen, next);
    } else if (event.key === " ") {
      this.pen = { ...pen, down: !pen.down };
      if (this.pen.down) this.penStroke(pen, pen);
      else this.finished();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else if (event.key === "Escape" && this.pen?.down === true) {
      this.pen = { ...pen, down: false };
      this.finished();
    } else return;
    event.preventDefault();
    // The space bar runs and pauses the simulator elsewhere.
    event.stopPropagation();
    if (this.pen !== null && event.key !== "Delete" && event.key !== "Backspace")
      setText(this.spoken, T.pen(Math.round(this.pen.x), Math.round(this.pen.y), this.pen.down));
    this.host.queue.mark(this);
  }

  private penStroke(from: { x: number; y: number }, to: { x: number; y: number }): void {
    this.begin();
    this.ink.stroke(from.x, from.y, to.x, to.y);
    this.changed(T.drawn);
  }

  /** The reader's own drawing starts on an empty pad. */
  private begin(): void {
    this.owned = true;
    if (!this.example) return;
    this.example = false;
    this.ink.clear();
  }

  private clear(): void {
    this.owned = true;
    this.empty();
    setText(this.spoken, T.cleared);
  }

  private empty(): void {
    this.ink.clear();
    this.example = false;
    this.picture = null;
    this.source = "";
    this.sayDue = false;
    this.ports.onImage(null);
    this.host.queue.mark(this);
  }

  private take(): void {
    const digit = this.ports.testDigit();
    if (digit === null) return;
    this.pen = null;
    this.owned = true;
    this.example = false;
    this.ink.take(digit.pixels);
    this.changed(T.given(digit.label));
    this.finished();
  }

  private changed(source: string): void {
    this.source = source;
    this.picture = this.ink.image();
    this.ports.onImage(this.picture);
    this.host.queue.mark(this);
  }

  private finished(): void {
    this.sayDue = this.picture !== null;
    // Its last answer may have come already; this one is said.
    if (this.picture !== null) this.ports.onImage(this.picture);
  }

  // Pictures ----------------------------------------------------------------------------------------

  private build(data: DrawData, shape: string): void {
    this.shape = shape;
    for (const row of this.rows) this.dismiss(row);
    const mark = (): void => this.host.queue.mark(this);
    const scores = data.task === "classifier";
    this.rows = data.rules.map((rule) => {
      const surface = new Surface("answer", (width) => (scores ? BARS + FOOT : width), mark);
      const map = scores ? null : new Surface("answer-map", (width) => width, mark);
      const text = h("p", { class: "answer-text" });
      const label = h(
        "span",
        { class: "row-label", title: rule.label },
        h("span", { class: "swatch", "data-rule": rule.id }),
        rule.short,
      );
      const pictures = h("div", { class: "answer-pictures" }, surface.canvas, map?.canvas ?? null);
      const element = h("div", { class: "answer-row" }, label, pictures, scores ? null : text);
      return { rule, element, surface, map, text, backdrop: null };
    });
    this.image.classList.toggle("scored", scores);
    this.image.replaceChildren(...this.rows.map(({ element }) => element));
  }

  private dismiss(row: Row): void {
    row.surface.destroy();
    row.map?.destroy();
  }

  private answerOf(rule: RuleStyle): Answer | null {
    return this.picture === null ? null : (this.data?.answers.get(rule.id) ?? null);
  }

  private drawPad(): void {
    if (!this.pad.fit()) return;
    const { ctx, width } = this.pad;
    const { side, cells } = this.ink;
    const ramp = this.host.palette.ramp();
    const shape = { rows: side, cols: side, channels: 1 };
    ctx.clearRect(0, 0, width, width);
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(digitCanvas(cells, 1, shape, ramp, this.scratch), 0, 0, width, width);
    if (this.pen === null) return;
    const scale = width / SIDE;
    const [x, y] = [this.pen.x * scale, this.pen.y * scale];
    ctx.lineWidth = 1.5;
    for (const [colour, grow] of [
      [this.host.palette.get("--paper"), 1.5],
      [this.host.palette.get("--focus"), 0],
    ] as const) {
      ctx.strokeStyle = colour;
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.arc(x, y, 7 + grow, 0, 2 * Math.PI);
      ctx.stroke();
    }
    if (!this.pen.down) return;
    ctx.beginPath();
    ctx.arc(x, y, 3.5, 0, 2 * Math.PI);
    ctx.fill();
  }

  private drawSeen(): void {
    if (!this.seen.fit()) return;
    const { ctx, width } = this.seen;
    ctx.clearRect(0, 0, width, width);
    if (this.picture !== null) this.drawDigit(ctx, this.picture, width);
    else {
      ctx.fillStyle = this.host.palette.get("--shade");
      ctx.fillRect(0, 0, width, width);
    }
  }

  private drawDigit(ctx: CanvasRenderingContext2D, values: Float32Array, size: number): void {
    const picture = digitCanvas(values, 1, SHAPE, this.host.palette.ramp(), this.small);
    ctx.imageSmoothingEnabled = true;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(picture, 0, 0, size, size);
  }

  private drawPicture(ctx: CanvasRenderingContext2D, answer: Answer | null, size: number): void {
    if (answer !== null) this.drawDigit(ctx, answer.output, size);
    else {
      ctx.fillStyle = this.host.palette.get("--shade");
      ctx.fillRect(0, 0, size, size);
    }
  }

  /** The answer in large, then a bar for each score, clipped to 0 … 1. */
  private drawScores(
    ctx: CanvasRenderingContext2D,
    rule: RuleStyle,
    answer: Answer | null,
    width: number,
    height: number,
  ): void {
    const { palette } = this.host;
    const scores = answer?.output ?? new Float32Array(10);
    const best = answer === null ? -1 : argmax(scores);
    const base = height - FOOT;
    const step = (width - ANSWER) / Math.max(1, scores.length);
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    if (best >= 0) {
      ctx.font = "600 28px system-ui, sans-serif";
      ctx.fillStyle = palette.get("--ink");
      ctx.fillText(String(best), 2, base);
    }
    ctx.fillStyle = palette.get("--line");
    ctx.fillRect(ANSWER, base, width - ANSWER, 1);
    ctx.textAlign = "center";
    scores.forEach((score, k) => {
      const x = ANSWER + (k + 0.5) * step;
      const tall = Math.max(0, Math.min(1, score)) * (base - 14);
      ctx.fillStyle = k === best ? palette.rule(rule.id) : palette.get("--ink-3");
      ctx.fillRect(x - step * 0.3, base - tall, step * 0.6, tall);
      ctx.font = `${k === best ? 600 : 400} 11px system-ui, sans-serif`;
      ctx.fillStyle = palette.get(k === best ? "--ink" : "--ink-2");
      ctx.fillText(String(k), x, height - 2);
      if (k === best) ctx.fillText(score.toFixed(2), x, base - tall - 3);
    });
  }

  /** Test digits as a faint cloud, the drawing as a ring. */
  private drawMap(row: Row, { ctx, width }: Surface, data: DrawData): void {
    const { palette } = this.host;
    const { rule } = row;
    ctx.clearRect(0, 0, width, width);
    ctx.lineWidth = 1;
    ctx.strokeStyle = palette.get("--line");
    ctx.strokeRect(0.5, 0.5, width - 1, width - 1);
    const cloud = data.clouds.get(rule.id);
    if (cloud === undefined) return;
    const frame = frameOf(cloud);
    const across = (v: number, [lo, hi]: readonly [number, number]): number =>
      INSET + Math.max(0, Math.min(1, (v - lo) / (hi - lo))) * (width - 2 * INSET);
    const place = (x: number, y: number): [number, number] => [
      across(x, frame.x),
      width - across(y, frame.y),
    ];
    const { canvas } = ctx;
    const old = row.backdrop;
    if (old?.points !== cloud.points || old.canvas.width !== canvas.width) {
      const fresh = old?.canvas ?? h("canvas", {});
      fresh.width = canvas.width;
      fresh.height = canvas.height;
      const paint = fresh.getContext("2d");
      paint?.scale(canvas.width / width, canvas.height / width);
      if (paint !== null) this.drawCloud(paint, cloud, data.labels, place);
      row.backdrop = { points: cloud.points, canvas: fresh };
    }
    if (row.backdrop !== null) ctx.drawImage(row.backdrop.canvas, 0, 0, width, width);
    const answer = this.answerOf(rule);
    if (answer === null) return;
    const [x, y] = place(answer.code[0] ?? 0, cloud.width > 1 ? (answer.code[1] ?? 0) : 0);
    for (const [colour, wide] of [
      [palette.get("--paper"), 5],
      [palette.get("--ink"), 2],
    ] as const) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = wide;
      ctx.beginPath();
      ctx.arc(x, y, 5.5, 0, 2 * Math.PI);
      ctx.stroke();
    }
  }

  private drawCloud(
    ctx: CanvasRenderingContext2D,
    { points, width }: Cloud,
    labels: Uint8Array,
    place: (x: number, y: number) => [number, number],
  ): void {
    ctx.globalAlpha = 0.55;
    for (let i = 0; i * width < points.length; i++) {
      const at = i * width;
      const [x, y] = place(points[at] ?? 0, width > 1 ? (points[at + 1] ?? 0) : 0);
      ctx.fillStyle = this.host.palette.digit(labels[i] ?? 0);
      ctx.fillRect(x - 1, y - 1, 2, 2);
    }
  }

  private answersText(): string {
    const { data } = this;
    if (data === null) return T.empty;
    const parts = data.rules.flatMap((rule) => {
      const answer = this.answerOf(rule);
      if (answer === null) return [];
      if (data.task === "autoencoder") return [T.draws(rule.short, value(this.lossOf(answer)))];
      const best = argmax(answer.output);
      return [T.says(rule.short, best, signed(answer.output[best] ?? 0))];
    });
    return parts.length === 0 ? T.waiting : `${parts.join("; ")}.`;
  }

  private pictureText(answer: Answer | null): string {
    if (answer === null) return "";
    return answer.code.length > 2 ? "" : T.code(codeText(answer.code));
  }

  /** The paper's loss: half the summed squared error. */
  private lossOf({ output }: Answer): number {
    let sum = 0;
    output.forEach((v, i) => {
      sum += (v - (this.picture?.[i] ?? 0)) ** 2;
    });
    return sum / 2;
  }
}

function codeText(code: Float32Array): string {
  return [...code].map((v) => signed(v)).join(", ");
}

function signed(v: number): string {
  return v.toFixed(2).replace("-", "−");
}
