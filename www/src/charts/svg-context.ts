/**
 * A 2-D context that writes SVG instead of pixels: whatever a chart paints into it comes out as vectors, text as
 * text. Pictures (drawImage, putImageData) are embedded as PNG. Only what charts use is there; anything else is a
 * `NotVector`, and the caller embeds a picture of the chart instead.
 */

export class NotVector extends Error {
  constructor(what: string) {
    super(`${what} cannot be written as SVG`);
    this.name = "NotVector";
  }
}

type Matrix = readonly [number, number, number, number, number, number];

interface State {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineCap: string;
  lineJoin: string;
  font: string;
  textAlign: string;
  textBaseline: string;
  globalAlpha: number;
  imageSmoothingEnabled: boolean;
  imageSmoothingQuality: string;
  dash: readonly number[];
  dashOffset: number;
  matrix: Matrix;
  clip: string | null;
}

const START: State = {
  fillStyle: "#000000",
  strokeStyle: "#000000",
  lineWidth: 1,
  lineCap: "butt",
  lineJoin: "miter",
  font: "10px sans-serif",
  textAlign: "start",
  textBaseline: "alphabetic",
  globalAlpha: 1,
  imageSmoothingEnabled: true,
  imageSmoothingQuality: "low",
  dash: [],
  dashOffset: 0,
  matrix: [1, 0, 0, 1, 0, 0],
  clip: null,
};

/** Distance of the baseline from what a text is aligned by, as a share of its size. */
const BASELINE: Readonly<Record<string, number>> = {
  top: 0.8,
  hanging: 0.75,
  middle: 0.35,
  bottom: -0.2,
  ideographic: -0.2,
};
const ANCHOR: Readonly<Record<string, string>> = {
  right: "end",
  end: "end",
  center: "middle",
};

const n = (v: number): string => String(Math.round(v * 100) / 100);

// Control characters have no place in XML, not even escaped.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

export function escaped(text: string): string {
  return text.replace(FORBIDDEN, "").replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export class SvgContext {
  private state: State = { ...START };
  private readonly stack: State[] = [];
  private path: string[] = [];
  private readonly body: string[] = [];
  private readonly defs: string[] = [];

  /** `measure`: a real context, which knows how wide a text is. */
  constructor(private readonly measure: CanvasRenderingContext2D) {}

  /** The recorder behind a context, if it is one. */
  static of(ctx: CanvasRenderingContext2D): SvgContext | undefined {
    return recorders.get(ctx);
  }

  /** Where the drawing stands, to come back to. */
  mark(): () => void {
    const { state, path, body, defs, stack } = this;
    const [now, depth, drawn, clips] = [{ ...state }, stack.length, body.length, defs.length];
    const points = [...path];
    return () => {
      this.state = now;
      this.path = points;
      stack.length = depth;
      body.length = drawn;
      defs.length = clips;
    };
  }

  rewind(mark: () => void): void {
    mark();
  }

  /** The file. */
  text(width: number, height: number, title: string, paper: string): string {
    const size = `width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}"`;
    const defs = this.defs.length > 0 ? `<defs>\n${this.defs.join("\n")}\n</defs>\n` : "";
    return (
      `<?xml version="1.0" encoding="UTF-8"?>\n` +
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n` +
      `<title>${escaped(title)}</title>\n${defs}` +
      `<rect width="100%" height="100%" fill="${escaped(paper)}"/>\n${this.body.join("\n")}\n</svg>\n`
    );
  }

  get canvas(): HTMLCanvasElement {
    return this.measure.canvas;
  }

  save(): void {
    this.stack.push({ ...this.state });
  }

  restore(): void {
    this.state = this.stack.pop() ?? this.state;
  }

  translate(x: number, y: number): void {
    this.transform(1, 0, 0, 1, x, y);
  }

  scale(x: number, y: number): void {
    this.transform(x, 0, 0, y, 0, 0);
  }

  rotate(angle: number): void {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    this.transform(c, s, -s, c, 0, 0);
  }

  transform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    const [A, B, C, D, E, F] = this.state.matrix;
    this.state.matrix = [
      A * a + C * b,
      B * a + D * b,
      A * c + C * d,
      B * c + D * d,
      A * e + C * f + E,
      B * e + D * f + F,
    ];
  }

  setLineDash(dash: readonly number[]): void {
    this.state.dash = [...dash];
  }

  getLineDash(): number[] {
    return [...this.state.dash];
  }

  // Paths are written in the coordinates of the sheet, as a canvas keeps them.

  beginPath(): void {
    this.path = [];
  }

  closePath(): void {
    this.path.push("Z");
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M${this.point(x, y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`${this.path.length === 0 ? "M" : "L"}${this.point(x, y)}`);
  }

  quadraticCurveTo(a: number, b: number, x: number, y: number): void {
    this.path.push(`Q${this.point(a, b)} ${this.point(x, y)}`);
  }

  bezierCurveTo(a: number, b: number, c: number, d: number, x: number, y: number): void {
    this.path.push(`C${this.point(a, b)} ${this.point(c, d)} ${this.point(x, y)}`);
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.push(this.box(x, y, width, height));
  }

  roundRect(x: number, y: number, width: number, height: number, radius: unknown = 0): void {
    const given: unknown = Array.isArray(radius) ? radius[0] : radius;
    const r = Math.min(typeof given === "number" ? given : 0, width / 2, height / 2);
    this.moveTo(x + r, y);
    this.lineTo(x + width - r, y);
    this.quadraticCurveTo(x + width, y, x + width, y + r);
    this.lineTo(x + width, y + height - r);
    this.quadraticCurveTo(x + width, y + height, x + width - r, y + height);
    this.lineTo(x + r, y + height);
    this.quadraticCurveTo(x, y + height, x, y + height - r);
    this.lineTo(x, y + r);
    this.quadraticCurveTo(x, y, x + r, y);
    this.closePath();
  }

  arc(x: number, y: number, r: number, from: number, to: number, back = false): void {
    this.ellipse(x, y, r, r, 0, from, to, back);
  }

  ellipse(
    x: number,
    y: number,
    rx: number,
    ry: number,
    tilt: number,
    from: number,
    to: number,
    back = false,
  ): void {
    const turn = 2 * Math.PI;
    let sweep = to - from;
    if (back) sweep = sweep <= -turn ? -turn : -(((-sweep % turn) + turn) % turn || 0);
    else sweep = sweep >= turn ? turn : ((sweep % turn) + turn) % turn;
    // Pieces of at most a quarter, each a cubic that is right to a few parts in ten thousand.
    const pieces = Math.max(1, Math.ceil(Math.abs(sweep) / (Math.PI / 2) - 1e-9));
    const step = sweep / pieces;
    const k = (4 / 3) * Math.tan(step / 4);
    const [ct, st] = [Math.cos(tilt), Math.sin(tilt)];
    const on = (u: number, v: number): [number, number] => [
      x + rx * u * ct - ry * v * st,
      y + rx * u * st + ry * v * ct,
    ];
    const first = on(Math.cos(from), Math.sin(from));
    this.lineTo(...first);
    for (let i = 0; i < pieces; i++) {
      const a = from + i * step;
      const b = a + step;
      const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
      this.bezierCurveTo(
        ...on(ca - k * sa, sa + k * ca),
        ...on(cb + k * sb, sb - k * cb),
        ...on(cb, sb),
      );
    }
  }

  fill(rule?: unknown): void {
    if (typeof rule === "object") throw new NotVector("a ready-made path");
    const evenodd = rule === "evenodd" ? ' fill-rule="evenodd"' : "";
    this.add(`<path d="${this.path.join("")}"${this.fills()}${evenodd}/>`);
  }

  stroke(path?: unknown): void {
    if (path !== undefined) throw new NotVector("a ready-made path");
    this.add(`<path d="${this.path.join("")}"${this.strokes()}/>`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.add(`<path d="${this.box(x, y, width, height)}"${this.fills()}/>`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.add(`<path d="${this.box(x, y, width, height)}"${this.strokes()}/>`);
  }

  /** Paper is there already. */
  clearRect(): void {}

  clip(): void {
    const id = `clip${this.defs.length + 1}`;
    const outer = this.state.clip === null ? "" : ` clip-path="url(#${this.state.clip})"`;
    this.defs.push(`<clipPath id="${id}"${outer}><path d="${this.path.join("")}"/></clipPath>`);
    this.state.clip = id;
  }

  fillText(text: string, x: number, y: number): void {
    const { font, textAlign, textBaseline } = this.state;
    const { size, weight, style, family } = parseFont(font);
    const [a, b, c, d, e, f] = this.state.matrix;
    const down = (BASELINE[textBaseline] ?? 0) * size;
    const upright = b === 0 && c === 0 && a === d && a > 0;
    const place = upright
      ? `x="${n(a * x + e)}" y="${n(d * (y + down) + f)}"`
      : `x="${n(x)}" y="${n(y + down)}" transform="matrix(${[a, b, c, d, e, f].map(n).join(" ")})"`;
    const anchor = ANCHOR[textAlign];
    this.add(
      `<text ${place} font-family="${escaped(family)}" font-size="${n(upright ? size * a : size)}"` +
        `${weight === "" ? "" : ` font-weight="${weight}"`}${style === "" ? "" : ` font-style="${style}"`}` +
        `${anchor === undefined ? "" : ` text-anchor="${anchor}"`}${this.fills()} xml:space="preserve">${escaped(text)}</text>`,
    );
  }

  measureText(text: string): TextMetrics {
    this.measure.font = this.state.font;
    return this.measure.measureText(text);
  }

  drawImage(source: CanvasImageSource, ...at: number[]): void {
    const canvas = pixels(source);
    const [sx, sy, sw, sh, x, y, width, height] =
      at.length === 8
        ? at
        : [
            0,
            0,
            canvas.width,
            canvas.height,
            at[0],
            at[1],
            at[2] ?? canvas.width,
            at[3] ?? canvas.height,
          ];
    if (!(Number(width) > 0) || !(Number(height) > 0)) return;
    const cut = document.createElement("canvas");
    cut.width = Math.max(1, Math.round(Number(sw)));
    cut.height = Math.max(1, Math.round(Number(sh)));
    cut.getContext("2d")?.drawImage(canvas, -Number(sx), -Number(sy), canvas.width, canvas.height);
    this.image(cut, Number(x), Number(y), Number(width), Number(height));
  }

  createImageData(width: number, height: number): ImageData {
    return this.measure.createImageData(width, height);
  }

  /** Ignores the transformation, as a canvas does; the sheet is one pixel a unit. */
  putImageData(data: ImageData, x: number, y: number): void {
    const canvas = document.createElement("canvas");
    canvas.width = data.width;
    canvas.height = data.height;
    canvas.getContext("2d")?.putImageData(data, 0, 0);
    const { matrix } = this.state;
    this.state.matrix = START.matrix;
    this.image(canvas, x, y, data.width, data.height);
    this.state.matrix = matrix;
  }

  private image(canvas: HTMLCanvasElement, x: number, y: number, w: number, h: number): void {
    const [a, b, c, d, e, f] = this.state.matrix;
    const sharp = this.state.imageSmoothingEnabled ? "" : ' style="image-rendering:pixelated"';
    this.add(
      `<image x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" preserveAspectRatio="none"` +
        ` transform="matrix(${[a, b, c, d, e, f].map(n).join(" ")})"${sharp}${this.alpha()}` +
        ` href="${canvas.toDataURL("image/png")}"/>`,
    );
  }

  private add(element: string): void {
    const { clip } = this.state;
    this.body.push(clip === null ? element : `<g clip-path="url(#${clip})">${element}</g>`);
  }

  private point(x: number, y: number): string {
    const [a, b, c, d, e, f] = this.state.matrix;
    return `${n(a * x + c * y + e)} ${n(b * x + d * y + f)}`;
  }

  private box(x: number, y: number, w: number, h: number): string {
    const corners = [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ] as const;
    return `M${corners.map(([u, v]) => this.point(u, v)).join("L")}Z`;
  }

  private get zoom(): number {
    const [a, b] = this.state.matrix;
    return Math.hypot(a, b);
  }

  private alpha(): string {
    const { globalAlpha } = this.state;
    return globalAlpha === 1 ? "" : ` opacity="${n(globalAlpha)}"`;
  }

  private fills(): string {
    return ` fill="${colour(this.state.fillStyle)}"${this.alpha()}`;
  }

  private strokes(): string {
    const { strokeStyle, lineWidth, dash, dashOffset, lineCap, lineJoin } = this.state;
    const { zoom } = this;
    const dashes =
      dash.length > 0 ? ` stroke-dasharray="${dash.map((v) => n(v * zoom)).join(" ")}"` : "";
    const offset = dashOffset === 0 ? "" : ` stroke-dashoffset="${n(dashOffset * zoom)}"`;
    const cap = lineCap === "butt" ? "" : ` stroke-linecap="${escaped(lineCap)}"`;
    const join = lineJoin === "miter" ? "" : ` stroke-linejoin="${escaped(lineJoin)}"`;
    return (
      ` fill="none" stroke="${colour(strokeStyle)}" stroke-width="${n(lineWidth * zoom)}"` +
      `${dashes}${offset}${cap}${join}${this.alpha()}`
    );
  }
}

// One accessor a property of the state: charts set them as on a canvas.
for (const key of Object.keys(START) as (keyof State)[]) {
  if (key === "dash" || key === "matrix" || key === "clip") continue;
  Object.defineProperty(SvgContext.prototype, key === "dashOffset" ? "lineDashOffset" : key, {
    get(this: { state: State }) {
      return this.state[key];
    },
    set(this: { state: State }, value: never) {
      this.state[key] = value;
    },
  });
}

const recorders = new WeakMap<object, SvgContext>();

/** A recorder as charts take it; what it cannot do throws `NotVector`. */
export function recorder(svg: SvgContext): CanvasRenderingContext2D {
  const proxy = new Proxy(svg as unknown as CanvasRenderingContext2D, {
    get(target, key) {
      if (!(key in target)) throw new NotVector(String(key));
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === "function" ? found.bind(target) : found;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  recorders.set(proxy, svg);
  return proxy;
}

function colour(style: unknown): string {
  if (typeof style !== "string") throw new NotVector("a gradient");
  return escaped(style);
}

/** "600 18px system-ui, sans-serif" taken apart. */
export function parseFont(font: string): {
  size: number;
  weight: string;
  style: string;
  family: string;
} {
  const found = /^(.*?)([\d.]+)px(?:\/\S+)?\s+(.*)$/.exec(font);
  const before = (found?.[1] ?? "").trim().split(/\s+/);
  return {
    size: Number(found?.[2] ?? 10),
    weight: before.find((word) => /^(\d{3}|bold|bolder|lighter)$/.test(word)) ?? "",
    style: before.find((word) => /^(italic|oblique)$/.test(word)) ?? "",
    family: found?.[3] ?? "sans-serif",
  };
}

function pixels(source: CanvasImageSource): HTMLCanvasElement {
  if (source instanceof HTMLCanvasElement) return source;
  if (typeof ImageBitmap !== "undefined" && source instanceof ImageBitmap) {
    const canvas = document.createElement("canvas");
    canvas.width = source.width;
    canvas.height = source.height;
    canvas.getContext("2d")?.drawImage(source, 0, 0);
    return canvas;
  }
  if (typeof OffscreenCanvas !== "undefined" && source instanceof OffscreenCanvas) {
    const canvas = document.createElement("canvas");
    canvas.width = source.width;
    canvas.height = source.height;
    canvas.getContext("2d")?.drawImage(source, 0, 0);
    return canvas;
  }
  throw new NotVector("this picture");
}
