/** What the heat maps compute: products, comparisons, a calm colour scale, and which weight goes to which cell. */

/** Row major. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly values: Float32Array;
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  const values = new Float32Array(a.rows * b.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.cols; k++) {
      const factor = a.values[i * a.cols + k] ?? 0;
      const from = k * b.cols;
      const to = i * b.cols;
      for (let j = 0; j < b.cols; j++)
        values[to + j] = (values[to + j] ?? 0) + factor * (b.values[from + j] ?? 0);
    }
  }
  return { rows: a.rows, cols: b.cols, values };
}

/** Multiplications that the product of all needs, left to right; `sizes` are the widths it passes. */
export function productCost(sizes: readonly number[]): number {
  const [rows = 0, ...inner] = sizes;
  let cost = 0;
  for (let i = 0; i + 1 < inner.length; i++) cost += rows * (inner[i] ?? 0) * (inner[i + 1] ?? 0);
  return cost;
}

export interface Summary {
  readonly rms: number;
  readonly smallest: number;
  readonly largest: number;
}

export function summaryOf(values: Float32Array): Summary {
  let squares = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (const v of values) {
    squares += v * v;
    if (v < smallest) smallest = v;
    if (v > largest) largest = v;
  }
  return { rms: Math.sqrt(squares / Math.max(1, values.length)), smallest, largest };
}

export interface Comparison {
  /** ‖B − W‖ / ‖W‖. */
  readonly distance: number;
  /** Percent of weights with the same sign. */
  readonly signs: number;
  /** Pearson's. */
  readonly correlation: number;
}

/** Measures as the core has them: a zero agrees with a zero only. */
export function compare(w: Float32Array, b: Float32Array): Comparison {
  const n = Math.max(1, w.length);
  let [apart, length, same, sw, sb, sww, sbb, swb] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < w.length; i++) {
    const x = w[i] ?? 0;
    const y = b[i] ?? 0;
    apart += (y - x) ** 2;
    length += x * x;
    if (agree(x, y)) same++;
    sw += x;
    sb += y;
    sww += x * x;
    sbb += y * y;
    swb += x * y;
  }
  const spread = Math.sqrt(Math.max(0, sww - (sw * sw) / n) * Math.max(0, sbb - (sb * sb) / n));
  return {
    distance: Math.sqrt(apart / length),
    signs: (100 * same) / n,
    correlation: (swb - (sw * sb) / n) / spread,
  };
}

export function agree(w: number, b: number): boolean {
  return Math.sign(w) === Math.sign(b);
}

/** Weights looked at for the scale; a percentile needs no more. */
const SAMPLED = 4000;
const STEPS = [1, 1.5, 2, 3, 5, 7, 10];
/** A scale is kept while it is at most this many times what is needed: colours must not flicker. */
const SLACK = 2.2;

/** End of the symmetric colour scale: a round number that 99 % of the weights stay below. */
export function scaleFor(all: readonly Float32Array[], before: number): number {
  const sizes: number[] = [];
  for (const values of all) {
    const stride = Math.max(1, Math.floor(values.length / SAMPLED));
    for (let i = 0; i < values.length; i += stride) {
      const v = Math.abs(values[i] ?? 0);
      if (Number.isFinite(v)) sizes.push(v);
    }
  }
  sizes.sort((a, b) => a - b);
  const need = sizes[Math.floor(0.99 * (sizes.length - 1))] ?? 0;
  if (need === 0) return before > 0 ? before : 1;
  if (before >= need && before <= need * SLACK) return before;
  const power = 10 ** Math.floor(Math.log10(need));
  const step = STEPS.find((s) => s * power >= need * 0.999) ?? 10;
  return Number((step * power).toPrecision(2));
}

/** Which weight each cell of a picture shows: positions in the matrix, row major; -1 for a gap. */
export interface Raster {
  readonly kind: "plain" | "pictures";
  readonly columns: number;
  readonly rows: number;
  readonly index: Int32Array;
  /** The matrix lies on its side: its rows run across. */
  readonly turned: boolean;
  /** Only each so manieth row and column is drawn. */
  readonly every: number;
  /** Pictures: the first that is shown, how many are, and how many there are. */
  readonly from: number;
  readonly shown: number;
  readonly all: number;
}

/** Smallest width of a cell in CSS pixels. */
const CELL = 1.2;
/** A matrix this much longer than wide is drawn as a strip over the whole width. */
const STRIP = 8;
const TALLEST = 360;

export function isStrip(rows: number, cols: number): boolean {
  return Math.max(rows, cols) >= STRIP * Math.min(rows, cols);
}

/** The whole matrix, its longer side across, thinned out where cells would be too small to be seen. */
export function plainRaster(rows: number, cols: number, width: number): Raster {
  const turned = rows > cols;
  const across = turned ? rows : cols;
  const down = turned ? cols : rows;
  const every = Math.max(1, Math.ceil((across * CELL) / width), Math.ceil((down * CELL) / TALLEST));
  const columns = Math.ceil(across / every);
  const lines = Math.ceil(down / every);
  const index = new Int32Array(columns * lines);
  for (let y = 0; y < lines; y++) {
    for (let x = 0; x < columns; x++) {
      const [row, col] = turned ? [x * every, y * every] : [y * every, x * every];
      index[y * columns + x] = row * cols + col;
    }
  }
  return { kind: "plain", columns, rows: lines, index, turned, every, from: 0, shown: 0, all: 0 };
}

/** Cells between two pictures. */
const GAP = 2;

/**
 * Columns of a matrix whose rows are pixels, each as a picture of `height` × `width` pixels.
 * `across` and `down` count pictures; `from` is the first shown.
 */
export function pictureRaster(
  matrix: { readonly rows: number; readonly cols: number },
  picture: { readonly height: number; readonly width: number },
  layout: { readonly across: number; readonly down: number; readonly from: number },
): Raster {
  const { cols: all } = matrix;
  const { across, down } = layout;
  const room = across * down;
  const from = Math.max(0, Math.min(layout.from, Math.floor((all - 1) / room) * room));
  const shown = Math.min(room, all - from);
  const columns = across * (picture.width + GAP) - GAP;
  const lines = Math.ceil(shown / across) * (picture.height + GAP) - GAP;
  const index = new Int32Array(columns * lines).fill(-1);
  for (let k = 0; k < shown; k++) {
    const left = (k % across) * (picture.width + GAP);
    const top = Math.floor(k / across) * (picture.height + GAP);
    for (let y = 0; y < picture.height; y++) {
      for (let x = 0; x < picture.width; x++)
        index[(top + y) * columns + left + x] = (y * picture.width + x) * all + from + k;
    }
  }
  return {
    kind: "pictures",
    columns,
    rows: lines,
    index,
    turned: false,
    every: 1,
    from,
    shown,
    all,
  };
}

/** The next cell in a direction, over gaps; the same one at the border. */
export function moved(raster: Raster, at: number, dx: number, dy: number, steps = 1): number {
  const { columns, rows, index } = raster;
  let found = at;
  let x = at % columns;
  let y = Math.floor(at / columns);
  for (let left = steps; left > 0; ) {
    x += dx;
    y += dy;
    if (x < 0 || y < 0 || x >= columns || y >= rows) break;
    const cell = y * columns + x;
    if ((index[cell] ?? -1) < 0) continue;
    found = cell;
    left--;
  }
  return found;
}

const LEVELS = 255;

/** Colours of a diverging scale as RGBA words in memory order; the middle one is `zero`. */
export function divergingRamp(
  minus: readonly number[],
  zero: readonly number[],
  plus: readonly number[],
): Uint32Array {
  const ramp = new Uint8ClampedArray(4 * LEVELS);
  const middle = (LEVELS - 1) / 2;
  for (let i = 0; i < LEVELS; i++) {
    const t = (i - middle) / middle;
    const end = t < 0 ? minus : plus;
    for (let c = 0; c < 3; c++) {
      const from = zero[c] ?? 0;
      ramp[4 * i + c] = Math.round(from + ((end[c] ?? 0) - from) * Math.abs(t));
    }
    ramp[4 * i + 3] = 255;
  }
  return new Uint32Array(ramp.buffer);
}

/** Colours of `value(weight)` for every cell; gaps and what is not a number stay transparent. */
export function paintRaster(
  out: Uint32Array,
  raster: Raster,
  ramp: Uint32Array,
  scale: number,
  value: (at: number) => number,
): void {
  const middle = (ramp.length - 1) / 2;
  const { index } = raster;
  for (let k = 0; k < index.length; k++) {
    const at = index[k] ?? -1;
    const v = at < 0 ? Number.NaN : value(at);
    if (Number.isNaN(v)) {
      out[k] = 0;
      continue;
    }
    const t = Math.max(-1, Math.min(1, v / scale));
    out[k] = ramp[Math.round(middle + t * middle)] ?? 0;
  }
}
