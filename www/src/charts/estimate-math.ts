/** What a cloud of estimates says about the quantity that it estimates. */

export interface Agreement {
  /** Pairs of finite numbers. */
  readonly count: number;
  /** Of the line of least squares, estimate over truth; null where the truth does not vary. */
  readonly slope: number | null;
  readonly intercept: number | null;
  /** Null where either does not vary. */
  readonly correlation: number | null;
  /** Mean of estimate − truth, and its standard error. */
  readonly bias: number;
  readonly biasError: number;
  /** Standard deviation of estimate − truth. */
  readonly spread: number;
  /** Standard deviation of the truth. */
  readonly truthSpread: number;
}

export function agreement(truth: Float32Array, estimate: Float32Array): Agreement | null {
  const pairs = pairsOf(truth, estimate);
  const n = pairs.length;
  if (n < 2) return null;
  const mean = (of: (pair: Pair) => number): number => pairs.reduce((s, p) => s + of(p), 0) / n;
  const mx = mean(([x]) => x);
  const my = mean(([, y]) => y);
  const xx = mean(([x]) => (x - mx) ** 2);
  const yy = mean(([, y]) => (y - my) ** 2);
  const xy = mean(([x, y]) => (x - mx) * (y - my));
  const bias = my - mx;
  const variance = Math.max(0, mean(([x, y]) => (y - x - bias) ** 2) * (n / (n - 1)));
  const slope = xx > 0 ? xy / xx : null;
  return {
    count: n,
    slope,
    intercept: slope === null ? null : my - slope * mx,
    correlation: xx > 0 && yy > 0 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))) : null,
    bias,
    biasError: Math.sqrt(variance / n),
    spread: Math.sqrt(variance),
    truthSpread: Math.sqrt(xx),
  };
}

/** Samples of about the same truth, taken together: their mean truth, mean estimate and its standard error. */
export interface Bin {
  readonly truth: number;
  readonly estimate: number;
  readonly error: number;
  readonly count: number;
}

/** `count` bins of equally many samples each, from the smallest truth to the largest. */
export function bins(truth: Float32Array, estimate: Float32Array, count: number): Bin[] {
  const pairs = pairsOf(truth, estimate).sort(([a], [b]) => a - b);
  const found: Bin[] = [];
  for (let i = 0; i < count; i++) {
    const from = Math.round((i * pairs.length) / count);
    const own = pairs.slice(from, Math.round(((i + 1) * pairs.length) / count));
    const n = own.length;
    if (n < 2) continue;
    const x = own.reduce((s, [x]) => s + x, 0) / n;
    const y = own.reduce((s, [, y]) => s + y, 0) / n;
    const variance = own.reduce((s, [, v]) => s + (v - y) ** 2, 0) / (n - 1);
    found.push({ truth: x, estimate: y, error: Math.sqrt(variance / n), count: n });
  }
  return found;
}

/** The middle share of the values, a little widened; never empty. */
export function frameOf(values: Float32Array, share: number): readonly [number, number] {
  const sorted = values.filter(Number.isFinite).sort();
  const at = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? 0;
  const low = at((1 - share) / 2);
  const high = at((1 + share) / 2);
  const room = high > low ? 0.08 * (high - low) : Math.max(1e-6, Math.abs(high));
  return [low - room, high + room];
}

/** Round numbers for an axis: about `count` of them within the frame. */
export function ticksOf([low, high]: readonly [number, number], count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(k === 0 ? 0 : k * step);
  return ticks;
}

type Pair = readonly [number, number];

function pairsOf(truth: Float32Array, estimate: Float32Array): Pair[] {
  const pairs: Pair[] = [];
  truth.forEach((x, i) => {
    const y = estimate[i] ?? Number.NaN;
    if (Number.isFinite(x) && Number.isFinite(y)) pairs.push([x, y]);
  });
  return pairs;
}
