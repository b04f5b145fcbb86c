/**
 * One rule's run inside the engine: the simulator, when it must be measured next, and why it stopped.
 * Turns anything the core throws into a stop with a code and a sentence; never lets it through.
 */
import type { CoreErrorCode, LaneStatus, Metrics, SimulatorHandle } from "./protocol";
import { coreError } from "./protocol";
import { type Lane, nextProbe } from "./scheduler";

export interface LaneStop {
  readonly code: CoreErrorCode;
  readonly message: string;
}

export class RunLane implements Lane {
  stopped: LaneStop | null = null;
  /** Iteration of the last measurement; -1 before the first. */
  measuredAt = -1;
  /** Pictures wanted: set after a measurement, cleared when they were read out. */
  outputsDue = true;
  latentDue = true;
  lastReadout = Number.NEGATIVE_INFINITY;

  private at: number;

  constructor(
    readonly rule: string,
    private readonly sim: SimulatorHandle,
    private interval: number,
    private readonly onStop: (lane: RunLane) => void,
  ) {
    this.at = sim.step;
  }

  get step(): number {
    return this.at;
  }

  get boundary(): number {
    return nextProbe(this.measuredAt < 0 ? this.at - 1 : this.measuredAt, this.interval);
  }

  /** True when the run stands on a measuring point that has not been measured. */
  get probeDue(): boolean {
    return this.stopped === null && this.measuredAt !== this.at && this.at >= this.boundary;
  }

  get ready(): boolean {
    return this.stopped === null && this.measuredAt >= 0 && !this.probeDue;
  }

  setInterval(interval: number): void {
    this.interval = interval;
  }

  advance(n: number): void {
    this.guard(() => {
      this.at = this.sim.advance(n);
    });
  }

  measure(): Metrics | null {
    const metrics = this.guard(() => this.sim.metrics());
    this.measuredAt = this.at;
    if (metrics !== null) {
      this.outputsDue = true;
      this.latentDue = true;
    }
    return metrics;
  }

  /** Runs `f` on the simulator; a throw stops the lane, frees nothing and returns null. */
  guard<T>(f: (sim: SimulatorHandle) => T): T | null {
    if (this.stopped !== null) return null;
    try {
      return f(this.sim);
    } catch (thrown) {
      this.stopped = coreError(thrown);
      this.onStop(this);
      return null;
    }
  }

  /** Like `guard`, but the caller gets the error: for saving and for live changes of a rate. */
  use<T>(f: (sim: SimulatorHandle) => T): T {
    return f(this.sim);
  }

  status(msPerStep: number | null): LaneStatus {
    return { rule: this.rule, step: this.at, msPerStep, stopped: this.stopped };
  }

  free(): void {
    this.sim.free();
  }
}
