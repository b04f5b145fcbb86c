/**
 * Decides how many steps every run on the GPU submits in a frame.
 *
 * A submission returns at once and cannot be interrupted, so its length is chosen beforehand: all runs
 * together get about the frame's budget, by measured GPU time a step, or by the time the page needs to
 * encode a step where that is longer. Submissions grow at most twofold. Runs that are behind go first
 * and those ahead wait, so that all reach the same iteration. Knows nothing of WebGPU or the DOM.
 */
import type { Lane } from "./scheduler";

export interface GpuLane extends Lane {
  /** Two submissions are in flight; another would not be taken. */
  readonly busy: boolean;
  /** Measured GPU time; null before the first result. */
  readonly gpuMsPerStep: number | null;
}

interface Known {
  /** Steps of the last submission that nothing cut short. */
  steps: number;
  /** Time on the page's own thread for a step, in ms. */
  encodeMs: number;
}

/** Weight of the newest encoding time. */
const EWMA = 0.25;
/** Longest submission, in steps, whatever the clocks say. */
const MOST_STEPS = 4096;

export class GpuPace<L extends GpuLane> {
  private readonly known = new WeakMap<L, Known>();

  constructor(private readonly now: () => number) {}

  /** One round: at most one submission a run. */
  submit(lanes: readonly L[], budgetMs: number, limit: number): void {
    const open = lanes.filter((lane) => lane.ready && lane.step < Math.min(limit, lane.boundary));
    const lowest = Math.min(...open.map((lane) => lane.step));
    const level = open.filter((lane) => lane.step === lowest);
    const ahead = lanes.filter((lane) => lane.ready && lane.step > lowest);
    const next = Math.min(...ahead.map((lane) => lane.step));
    const together = level.reduce((sum, lane) => sum + this.cost(lane), 0);
    const fit = together > 0 ? Math.floor(budgetMs / together) : MOST_STEPS;
    for (const lane of level) {
      if (lane.busy) continue;
      const room = Math.min(limit, lane.boundary, next) - lane.step;
      const most = lane.gpuMsPerStep === null ? 1 : this.of(lane).steps * 2;
      const steps = Math.max(1, Math.min(fit, most, MOST_STEPS));
      this.run(lane, Math.min(steps, room), room < steps);
    }
  }

  /** What a step costs the frame, in ms: GPU and encoding overlap, the longer one counts. */
  private cost(lane: L): number {
    return Math.max(lane.gpuMsPerStep ?? 0, this.of(lane).encodeMs);
  }

  /** `short`: less than the budget allows, because something else has to happen first. */
  private run(lane: L, steps: number, short: boolean): void {
    const before = lane.step;
    const start = this.now();
    lane.advance(steps);
    const done = lane.step - before;
    if (done <= 0) return;
    const known = this.of(lane);
    known.encodeMs += EWMA * ((this.now() - start) / done - known.encodeMs);
    known.steps = short ? Math.max(known.steps, done) : done;
  }

  private of(lane: L): Known {
    let known = this.known.get(lane);
    if (known === undefined) {
      known = { steps: 1, encodeMs: 0 };
      this.known.set(lane, known);
    }
    return known;
  }
}
