/**
 * A drawing as amounts of ink from 0 to 1 on a fine grid, a soft brush, and the way from there to what a
 * network of MNIST digits expects: 28 × 28 pixels, prepared as that data set was.
 */

/** Pixels of an MNIST digit. */
export const SIDE = 28;
/** The box that its ink fits in. */
const BOX = 20;
/** Fine cells a pixel, in each direction. */
const FINE = 4;
const GRID = SIDE * FINE;
/** Radius of the brush, full ink, and the width of its soft edge, in pixels of the 28. */
const BRUSH = 1.05;
const EDGE = 0.9;
/** Less ink than this is none: the soft edge must not decide about the box. */
const TRACE = 0.08;

export class Ink {
  readonly cells = new Float32Array(GRID * GRID);
  readonly side = GRID;
  /** A digit that was given rather than drawn goes to the network as it is. */
  private given: Float32Array | null = null;

  get empty(): boolean {
    return this.given === null && !this.cells.some((v) => v > TRACE);
  }

  clear(): void {
    this.cells.fill(0);
    this.given = null;
  }

  /** Takes an image of 28 × 28 bytes. */
  take(image: Uint8Array): void {
    this.given = Float32Array.from(image, (v) => v / 255);
    for (let y = 0; y < GRID; y++) {
      for (let x = 0; x < GRID; x++) {
        const at: [number, number] = [(x + 0.5) / FINE - 0.5, (y + 0.5) / FINE - 0.5];
        this.cells[y * GRID + x] = sample(this.given, SIDE, ...at);
      }
    }
  }

  /** A stroke between two points, in pixels of the 28; a dot where they are the same. */
  stroke(x0: number, y0: number, x1: number, y1: number): void {
    this.given = null;
    const reach = (BRUSH + EDGE) * FINE;
    const [ax, ay, bx, by] = [x0 * FINE, y0 * FINE, x1 * FINE, y1 * FINE];
    const range = (a: number, b: number): [number, number] => [
      Math.max(0, Math.floor(Math.min(a, b) - reach)),
      Math.min(GRID - 1, Math.ceil(Math.max(a, b) + reach)),
    ];
    const [left, right] = range(ax, bx);
    const [top, bottom] = range(ay, by);
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
        const along = length === 0 ? 0 : (px * (bx - ax) + py * (by - ay)) / length;
        const t = Math.max(0, Math.min(1, along));
        const away = Math.hypot(px - t * (bx - ax), py - t * (by - ay)) / FINE;
        const ink = Math.max(0, Math.min(1, (BRUSH + EDGE - away) / EDGE));
        const at = y * GRID + x;
        if (ink > (this.cells[at] ?? 0)) this.cells[at] = ink;
      }
    }
  }

  /** What the network gets: 28 × 28 values from 0 to 1, row major. */
  image(): Float32Array {
    return this.given?.slice() ?? prepare(this.cells, GRID);
  }
}

/** Scales the ink to fit the box and puts its centre of mass in the middle; nothing stays nothing. */
export function prepare(cells: Float32Array, side: number): Float32Array {
  const out = new Float32Array(SIDE * SIDE);
  let [left, right, top, bottom] = [side, -1, side, -1];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if ((cells[y * side + x] ?? 0) <= TRACE) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  if (right < 0) return out;
  const [wide, tall] = [right - left + 1, bottom - top + 1];
  /** Fine cells that become one pixel. */
  const scale = Math.max(wide, tall) / BOX;
  const [mx, my] = centre(cells, side);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      // The middle of 28 pixels is the border between the 14th and the 15th.
      const x0 = mx + (x - SIDE / 2) * scale;
      const y0 = my + (y - SIDE / 2) * scale;
      out[y * SIDE + x] = mean(cells, side, x0, y0, scale);
    }
  }
  return out;
}

/** Centre of mass, in cells from the upper left corner. */
export function centre(cells: Float32Array, side: number): [number, number] {
  let [mass, mx, my] = [0, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const ink = cells[y * side + x] ?? 0;
      mass += ink;
      mx += ink * (x + 0.5);
      my += ink * (y + 0.5);
    }
  }
  return mass === 0 ? [side / 2, side / 2] : [mx / mass, my / mass];
}

/** Mean of a square of cells whose upper left corner is (x0, y0); outside there is no ink. */
function mean(cells: Float32Array, side: number, x0: number, y0: number, size: number): number {
  let sum = 0;
  for (let y = Math.max(0, Math.floor(y0)); y < Math.min(side, y0 + size); y++) {
    const tall = Math.min(y + 1, y0 + size) - Math.max(y, y0);
    for (let x = Math.max(0, Math.floor(x0)); x < Math.min(side, x0 + size); x++) {
      const wide = Math.min(x + 1, x0 + size) - Math.max(x, x0);
      sum += tall * wide * (cells[y * side + x] ?? 0);
    }
  }
  return sum / (size * size);
}

/** Between four neighbours. */
function sample(image: Float32Array, side: number, x: number, y: number): number {
  const at = (i: number, j: number): number =>
    i < 0 || j < 0 || i >= side || j >= side ? 0 : (image[j * side + i] ?? 0);
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [x - i, y - j];
  const above = at(i, j) * (1 - u) + at(i + 1, j) * u;
  const below = at(i, j + 1) * (1 - u) + at(i + 1, j + 1) * u;
  return above * (1 - v) + below * v;
}
