/** Wires as chains of cubic curves: flat lists x0, y0, then six numbers a piece. */
import type { Layout, Point } from "./layout";

export type Curve = readonly number[];

/** A slack S from one place to another along the flow. */
export function forward(layout: Layout, from: Point, to: Point): Curve {
  const pull = 0.45;
  return layout.tall
    ? bow(from, to, 0, (to.y - from.y) * pull)
    : bow(from, to, (to.x - from.x) * pull, 0);
}

function bow(a: Point, b: Point, dx: number, dy: number): Curve {
  return [a.x, a.y, a.x + dx, a.y + dy, b.x - dx, b.y - dy, b.x, b.y];
}

/**
 * Hangs from `from` (above) down into the lane and up again to `to` (below). `lane` is where it hangs,
 * across the flow; `begin` and `end` are where it enters and leaves the lane, along the flow.
 */
export function hanging(
  layout: Layout,
  from: Point,
  to: Point,
  lane: number,
  begin: number,
  end: number,
): Curve {
  const along = (p: Point): number => (layout.tall ? layout.height - p.y : p.x);
  const across = (p: Point): number => (layout.tall ? p.x : p.y);
  const points: [number, number][] = [[along(from), across(from)]];
  const piece = (s: number, t: number): void => {
    const [s0, t0] = points.at(-1) ?? [0, 0];
    const pull = (s - s0) * 0.55;
    points.push([s0 + pull, t0], [s - pull, t], [s, t]);
  };
  piece(begin, lane);
  if (Math.abs(begin - end) > 1) piece(end, lane);
  piece(along(to), across(to));
  return points.flatMap(([s, t]) => {
    const p = layout.place(s, t);
    return [p.x, p.y];
  });
}

export function reversed(curve: Curve): Curve {
  const points: number[] = [];
  for (let i = curve.length - 2; i >= 0; i -= 2) points.push(curve[i] ?? 0, curve[i + 1] ?? 0);
  return points;
}

export function trace(ctx: CanvasRenderingContext2D, c: Curve): void {
  ctx.moveTo(c[0] ?? 0, c[1] ?? 0);
  for (let i = 2; i + 5 < c.length; i += 6)
    ctx.bezierCurveTo(
      c[i] ?? 0,
      c[i + 1] ?? 0,
      c[i + 2] ?? 0,
      c[i + 3] ?? 0,
      c[i + 4] ?? 0,
      c[i + 5] ?? 0,
    );
}

const pieces = (c: Curve): number => Math.max(1, (c.length - 2) / 6);

/** Where one is after the share `u` of the way; writes into `out`, which is used again and again. */
export function along(c: Curve, u: number, out: { x: number; y: number }): void {
  const n = pieces(c);
  const k = Math.min(n - 1, Math.max(0, Math.floor(u * n)));
  const v = Math.min(1, Math.max(0, u * n - k));
  const w = 1 - v;
  const i = k * 6;
  const a = w * w * w;
  const b = 3 * w * w * v;
  const d = 3 * w * v * v;
  const e = v * v * v;
  out.x = a * (c[i] ?? 0) + b * (c[i + 2] ?? 0) + d * (c[i + 4] ?? 0) + e * (c[i + 6] ?? 0);
  out.y = a * (c[i + 1] ?? 0) + b * (c[i + 3] ?? 0) + d * (c[i + 5] ?? 0) + e * (c[i + 7] ?? 0);
}

/** Distance of a point from the curve, good to a pixel. */
export function distance(c: Curve, x: number, y: number): number {
  const at = { x: 0, y: 0 };
  const n = 18 * pieces(c);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= n; i++) {
    along(c, i / n, at);
    best = Math.min(best, (at.x - x) ** 2 + (at.y - y) ** 2);
  }
  return Math.sqrt(best);
}
