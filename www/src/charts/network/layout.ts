/**
 * Where everything stands. Geometry is worked out in two directions, `s` along the flow of activity and `t`
 * across it, and turned at the end: left to right where there is room, bottom to top on a phone.
 * Feedback hangs in a lane beyond the last unit, so that it is seen to run through other wires than W.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly size: number;
}

export interface Spot extends Point {
  readonly unit: number;
  readonly r: number;
}

export interface Column {
  readonly layer: number;
  readonly units: number;
  /** Centre along the flow. */
  readonly s: number;
  /** Units that are drawn; empty for pictures. */
  readonly spots: readonly Spot[];
  /** Units left out. */
  readonly hidden: number;
  /** Pictures: what goes in or comes out, and the one beside the output. */
  readonly boxes: readonly Box[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly tall: boolean;
  readonly columns: readonly Column[];
  /** Across the flow: where the change of the loss is broadcast, and where feedback hangs. */
  readonly rail: number;
  readonly lane: number;
  /** Room of the units across the flow. */
  readonly from: number;
  readonly to: number;
  /** Turns (s, t) into canvas coordinates. */
  place(s: number, t: number): Point;
}

export interface LayoutInput {
  readonly width: number;
  readonly sizes: readonly number[];
  /** The output is a picture, too. */
  readonly picture: boolean;
}

/** Narrower than this, activity runs upwards. */
export const TALL_BELOW = 520;
const MOST_UNITS = { wide: 14, tall: 9 };
const FEW = 4;

export function heightFor({ width, sizes }: Pick<LayoutInput, "width" | "sizes">): number {
  if (width < TALL_BELOW) return 2 * TALL.picture + 40 + (sizes.length - 1) * TALL.gap;
  return Math.round(Math.min(560, Math.max(472, width * 0.52)));
}

const TALL = { picture: 84, gap: 84, start: 48, end: 46 };
const WIDE = { start: 70, end: 84, edge: 6 };

export function layoutOf(input: LayoutInput): Layout {
  const { width, sizes, picture } = input;
  const tall = width < TALL_BELOW;
  const height = heightFor(input);
  const length = tall ? height : width;
  const across = tall ? width : height;
  const from = tall ? TALL.start : WIDE.start;
  const to = across - (tall ? TALL.end : WIDE.end);
  const place = (s: number, t: number): Point => (tall ? { x: t, y: height - s } : { x: s, y: t });

  const size = tall ? TALL.picture : Math.min(132, Math.max(76, width * 0.155));
  const edge = tall ? 20 : WIDE.edge;
  const last = sizes.length - 1;
  // A classifier's bars need room beyond its units.
  const endRoom = picture ? size : tall ? 70 : Math.min(110, width * 0.15);
  const first = edge + size;
  const end = length - edge - endRoom;
  const middle = (from + to) / 2;

  const box = (s: number, t: number): Box => {
    const at = place(s, t);
    return { x: at.x - size / 2, y: at.y - size / 2, size };
  };
  const columns = sizes.map((units, layer): Column => {
    if (layer === 0) {
      const s = edge + size / 2;
      return { layer, units, s, spots: [], hidden: 0, boxes: [box(s, middle)] };
    }
    if (layer === last && picture) {
      const s = length - edge - size / 2;
      const apart = size / 2 + (tall ? 8 : 17);
      const boxes = [box(s, middle - apart), box(s, middle + apart)];
      return { layer, units, s, spots: [], hidden: 0, boxes };
    }
    // Nothing comes back to the input, so less room will do before the first layer.
    const s = layer === last ? end : first + ((end - first) * (layer - 0.14)) / (last - 0.14);
    const most = layer === last ? 12 : tall ? MOST_UNITS.tall : MOST_UNITS.wide;
    const shown = spread(units, most);
    const few = shown.length <= FEW;
    const room = (to - from) / Math.max(1, shown.length - (few ? 0 : 1));
    const step = Math.min(few ? 76 : 34, room);
    const r = few ? Math.min(14, step * 0.34) : Math.min(9.5, Math.max(3, step * 0.32));
    const begin = middle - (step * (shown.length - 1)) / 2;
    const spots = shown.map((unit, i) => ({ unit, r, ...place(s, begin + i * step) }));
    return { layer, units, s, spots, hidden: units - shown.length, boxes: [] };
  });
  const rail = tall ? 38 : 50;
  const lane = across - (tall ? 12 : 26);
  return { width, height, tall, columns, rail, lane, from, to, place };
}

/** At most `most` of `n` units, evenly spread: the same ones for as long as the network lasts. */
export function spread(n: number, most: number): number[] {
  if (n <= most) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (n - 1)) / (most - 1)));
}

/** Where a column ends along the flow: a picture has a width, a row of units hardly. */
export function edgeOf(column: Pick<Column, "s" | "boxes">, side: 1 | -1): number {
  return column.s + (side * (column.boxes[0]?.size ?? 0)) / 2;
}

/** Middle of a pixel of a picture. */
export function pixelAt(box: Box, pixel: number, rows: number, cols: number): Point {
  const row = Math.floor(pixel / cols);
  const col = pixel % cols;
  return {
    x: box.x + ((col + 0.5) * box.size) / cols,
    y: box.y + ((row + 0.5) * box.size) / rows,
  };
}
