/** Which connections are drawn, and along which curves. A wire joins two units; W and B never share one, except in backpropagation. */
import { type Curve, forward, hanging, reversed } from "./curve";
import { type Column, edgeOf, type Layout, type Point, pixelAt } from "./layout";
import {
  depthOf,
  drawsPicture,
  feedbackOf,
  hasFeedback,
  type NetworkData,
  rowOf,
  sourceOf,
  unitsOf,
  weightOf,
} from "./model";

export interface Wire {
  readonly kind: "w" | "b";
  /** It belongs to W^layer or B^layer, between layer − 1 and the layer it comes from. */
  readonly layer: number;
  /** Unit at its upper end; for direct feedback, of the output. */
  readonly above: number;
  /** Unit of layer − 1. */
  readonly below: number;
  readonly value: number;
  /** |value| as a share of the largest drawn of its matrix. */
  readonly share: number;
  readonly curve: Curve;
}

/** Wires of one matrix. */
const MOST = { w: 64, b: 14 };
/** Pixels a unit is joined to. */
const PIXELS = 3;

export function wiresOf(data: NetworkData, layout: Layout): { w: Wire[][]; b: Wire[][] } {
  const depth = depthOf(data.moment);
  const w: Wire[][] = [];
  const b: Wire[][] = [];
  for (let l = 1; l <= depth; l++) {
    const up = forwardWires(data, layout, l);
    w.push(up);
    if (l === 1 || !hasFeedback(data.rule)) b.push([]);
    else if (data.rule.id === "bp")
      b.push(up.map((wire) => ({ ...wire, kind: "b", curve: reversed(wire.curve) })));
    else b.push(feedbackWires(data, layout, l));
  }
  return { w, b };
}

type Pair = readonly [above: number, below: number, value: number];

function forwardWires(data: NetworkData, layout: Layout, l: number): Wire[] {
  const pairs = chosen(data, layout, l, l, MOST.w, (j, i) => weightOf(data.moment, l, j, i));
  return build(pairs, "w", l, ([above, below]) =>
    forward(layout, endOf(data, layout, l - 1, below, 1, 0), endOf(data, layout, l, above, -1, 0)),
  );
}

function feedbackWires(data: NetworkData, layout: Layout, l: number): Wire[] {
  const source = sourceOf(data, l);
  const value = (j: number, i: number): number => feedbackOf(data, l, j, i) ?? 0;
  const pairs = chosen(data, layout, l, source, MOST.b, value);
  return build(pairs, "b", l, ([above, below], k) =>
    hang(data, layout, l, above, below, k - pairs.length / 2),
  );
}

/** The way of an error from `above` down to `below`; `strand` keeps wires of one bundle apart. */
function hang(
  data: NetworkData,
  layout: Layout,
  l: number,
  above: number,
  below: number,
  strand: number,
): Curve {
  const source = sourceOf(data, l);
  const direct = source !== l;
  const from = layout.columns[source];
  const next = layout.columns[l];
  const to = layout.columns[l - 1];
  if (from === undefined || next === undefined || to === undefined) return [];
  const bottom = (edgeOf(to, 1) + edgeOf(next, -1)) / 2;
  // Direct wires run below one another, the longest outermost.
  const lane = layout.lane - (direct ? (l - 2) * (layout.tall ? 5 : 8) : 0);
  return hanging(
    layout,
    endOf(data, layout, source, above, -1, 1),
    endOf(data, layout, l - 1, below, 1, 0),
    lane + strand * (direct ? 0.3 : 0.7),
    direct ? edgeOf(from, -1) - (bottom - edgeOf(to, 1)) : bottom,
    bottom,
  );
}

/** All wires of one unit to the units that are drawn: of W, or those that bring it its error. */
export function wiresAt(
  data: NetworkData,
  layout: Layout,
  layer: number,
  unit: number,
  kind: Wire["kind"] = "w",
): Wire[] {
  const depth = depthOf(data.moment);
  const out: Wire[] = [];
  const spots = (l: number): readonly number[] =>
    layout.columns[l]?.spots.map((spot) => spot.unit) ?? [];
  if (kind === "b") {
    const l = layer + 1;
    if (l < 2 || l > depth || !hasFeedback(data.rule)) return out;
    for (const above of spots(sourceOf(data, l))) {
      const value = feedbackOf(data, l, above, unit) ?? 0;
      const curve =
        data.rule.id === "bp"
          ? reversed(
              forward(
                layout,
                endOf(data, layout, layer, unit, 1, 0),
                endOf(data, layout, l, above, -1, 0),
              ),
            )
          : hang(data, layout, l, above, unit, 0);
      out.push({ kind, layer: l, above, below: unit, value, share: 0, curve });
    }
    return out;
  }
  const join = (l: number, above: number, below: number): void => {
    const curve = forward(
      layout,
      endOf(data, layout, l - 1, below, 1, 0),
      endOf(data, layout, l, above, -1, 0),
    );
    const value = weightOf(data.moment, l, above, below);
    out.push({ kind: "w", layer: l, above, below, value, share: 0, curve });
  };
  if (layer > 1) for (const below of spots(layer - 1)) join(layer, unit, below);
  if (layer < depth) for (const above of spots(layer + 1)) join(layer + 1, above, unit);
  return out;
}

function build(
  pairs: readonly Pair[],
  kind: "w" | "b",
  layer: number,
  curve: (pair: Pair, k: number) => Curve,
): Wire[] {
  const most = pairs.reduce((m, [, , value]) => Math.max(m, Math.abs(value)), 0) || 1;
  return pairs.map((pair, k) => ({
    kind,
    layer,
    above: pair[0],
    below: pair[1],
    value: pair[2],
    share: Math.abs(pair[2]) / most,
    curve: curve(pair, k),
  }));
}

/** The strongest connections, a fair number for every unit that is drawn. */
function chosen(
  data: NetworkData,
  layout: Layout,
  l: number,
  source: number,
  most: number,
  value: (above: number, below: number) => number,
): Pair[] {
  const { moment, sample } = data;
  const above = layout.columns[source]?.spots.map((spot) => spot.unit) ?? [];
  const below = layout.columns[l - 1]?.spots.map((spot) => spot.unit) ?? [];
  const pairs: Pair[] = [];
  if (l === 1) {
    const x = rowOf(moment, sample, 0, "h");
    const n = unitsOf(moment, 0);
    for (const j of above)
      for (const i of strongest(n, PIXELS, (i) => Math.abs(value(j, i) * (x?.[i] ?? 0))))
        pairs.push([j, i, value(j, i)]);
    return pairs;
  }
  if (source === depthOf(moment) && drawsPicture(moment)) {
    const n = unitsOf(moment, source);
    // Feedback leaves where the error is, forward wires end where the weight is.
    const e = most === MOST.b ? rowOf(moment, sample, source, "e") : null;
    const each = most === MOST.b ? 1 : PIXELS;
    for (const i of below)
      for (const j of strongest(n, each, (j) => Math.abs(value(j, i) * (e?.[j] ?? 1))))
        pairs.push([j, i, value(j, i)]);
    return pairs;
  }
  if (above.length * below.length <= most) {
    for (const j of above) for (const i of below) pairs.push([j, i, value(j, i)]);
    return pairs;
  }
  const each = Math.max(1, Math.floor(most / below.length));
  for (const i of below)
    for (const k of strongest(above.length, each, (k) => Math.abs(value(above[k] ?? 0, i)))) {
      const j = above[k] ?? 0;
      pairs.push([j, i, value(j, i)]);
    }
  return pairs;
}

/** Indices of the `k` largest of `n` scores that are not zero, largest first. */
export function strongest(n: number, k: number, score: (i: number) => number): number[] {
  const best: { i: number; s: number }[] = [];
  for (let i = 0; i < n; i++) {
    const s = score(i);
    if (!(s > 0) || (best.length === k && s <= (best.at(-1)?.s ?? 0))) continue;
    const at = best.findIndex((b) => s > b.s);
    best.splice(at < 0 ? best.length : at, 0, { i, s });
    if (best.length > k) best.pop();
  }
  return best.map((b) => b.i);
}

/** Where wires meet a unit: at its rim on the side of `side` (+1: towards the output), or at its pixel. */
export function endOf(
  data: NetworkData,
  layout: Layout,
  layer: number,
  unit: number,
  side: number,
  picture: number,
): Point {
  const column = layout.columns[layer];
  if (column === undefined) return { x: 0, y: 0 };
  const box = column.boxes[Math.min(picture, column.boxes.length - 1)];
  if (box !== undefined) {
    const { rows, cols, channels } = data.shape;
    return pixelAt(box, Math.floor(unit / Math.max(1, channels)), rows, cols);
  }
  return rim(layout, column, unit, side);
}

function rim(layout: Layout, column: Column, unit: number, side: number): Point {
  const spot = column.spots.find((s) => s.unit === unit);
  if (spot === undefined) return layout.place(column.s, layout.to);
  const d = side * (spot.r + 2);
  return layout.tall ? { x: spot.x, y: spot.y - d } : { x: spot.x + d, y: spot.y };
}
