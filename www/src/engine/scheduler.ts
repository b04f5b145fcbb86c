/**
 * Shares one animation frame's time among several runs (lanes) so that all reach the same iteration.
 *
 * The lane that is furthest behind always goes first; lanes that stand level share the remaining time
 * in one round of q steps each, q = floor(remaining / sum of their ms per step). Step times are
 * measured, not assumed, and chunks grow at most twofold, so one wrong guess cannot freeze the page.
 * Time comes in through `now`, so tests run on a fake clock. Knows nothing of wasm or the DOM.
 */

/** One run as the scheduler sees it. */
export interface Lane {
  readonly step: number;
  /** Runs n >= 1 steps. A failure must be dealt with inside: the lane then reports `ready` false. */
  advance(n: number): void;
  /** False when the lane is stopped or waits to be measured. */
  readonly ready: boolean;
  /** Highest iteration the lane may reach before something else (a measurement) has to happen. */
  readonly boundary: number;
}

interface Timing {
  msPerStep: number | null;
  lastChunk: number;
}

/** Longest stretch inside one call to `advance`, in ms; keeps a slice under 40 ms even if misjudged. */
const MAX_CHUNK_MS = 16;
/** Weight of the newest time measurement: quick to follow a throttled processor, calm otherwise. */
const EWMA = 0.25;
/** Clocks are coarse (0.1 ms); a chunk that took "no time" is booked with this, in ms. */
const CLOCK_GRAIN_MS = 0.05;

export class Scheduler<L extends Lane> {
  private readonly timings = new WeakMap<L, Timing>();

  constructor(private readonly now: () => number) {}

  msPerStep(lane: L): number | null {
    return this.timings.get(lane)?.msPerStep ?? null;
  }

  /** Runs lanes until the budget is used or nothing is ready. Returns the steps done by all lanes. */
  slice(lanes: readonly L[], budgetMs: number, limit: number): number {
    const start = this.now();
    let done = 0;
    for (;;) {
      const remaining = budgetMs - (this.now() - start);
      const chunk = this.choose(lanes, remaining, limit, done === 0);
      if (chunk === null) return done;
      done += this.run(chunk.lane, chunk.steps);
    }
  }

  private choose(
    lanes: readonly L[],
    remaining: number,
    limit: number,
    first: boolean,
  ): { lane: L; steps: number } | null {
    const ready = lanes.filter((l) => l.ready && l.step < Math.min(limit, l.boundary));
    const front = ready[0];
    if (front === undefined) return null;
    const lowest = ready.reduce((a, b) => (b.step < a.step ? b : a), front);
    const level = ready.filter((l) => l.step === lowest.step);
    const next = Math.min(
      ...lanes.filter((l) => l.ready && l.step > lowest.step).map((l) => l.step),
    );
    const room = Math.min(limit, lowest.boundary, next) - lowest.step;

    const timing = this.timing(lowest);
    const own = timing.msPerStep;
    if (own === null) return first || remaining > 1 ? { lane: lowest, steps: 1 } : null;
    const together = level.reduce((sum, l) => sum + (this.timing(l).msPerStep ?? own), 0);
    // Half a step over the budget is better than half a budget unused when steps are long.
    const fit = Math.floor(remaining / together + 0.5 / level.length);
    const alone = Math.floor(remaining / own);
    if (fit < 1 && alone < 1 && !first) return null;
    const chunkCap = Math.max(1, Math.floor(MAX_CHUNK_MS / own));
    const steps = Math.max(1, Math.min(fit, room, chunkCap, timing.lastChunk * 2));
    return { lane: lowest, steps };
  }

  private run(lane: L, steps: number): number {
    const before = lane.step;
    const t0 = this.now();
    lane.advance(steps);
    const took = Math.max(this.now() - t0, CLOCK_GRAIN_MS);
    const done = lane.step - before;
    if (done > 0) {
      const timing = this.timing(lane);
      const each = took / done;
      timing.msPerStep =
        timing.msPerStep === null ? each : timing.msPerStep + EWMA * (each - timing.msPerStep);
      timing.lastChunk = done;
    }
    return done;
  }

  private timing(lane: L): Timing {
    let timing = this.timings.get(lane);
    if (timing === undefined) {
      timing = { msPerStep: null, lastChunk: 1 };
      this.timings.set(lane, timing);
    }
    return timing;
  }
}

/**
 * The next iteration after `step` at which every rule is measured: 1, 2, 5, 10, 20, 50, ... while
 * below `interval`, then its multiples. Early points make a curve appear at once; a schedule that
 * depends on the step alone gives all rules the same x.
 */
export function nextProbe(step: number, interval: number): number {
  if (step < interval) {
    for (let decade = 1; decade < interval; decade *= 10) {
      for (const m of [1, 2, 5]) {
        const at = m * decade;
        if (at > step && at < interval) return at;
      }
    }
    return interval;
  }
  return (Math.floor(step / interval) + 1) * interval;
}
