/**
 * One rule's run inside the engine: the simulator, where it computes, when it must be measured next,
 * and why it stopped. Turns anything the core throws into a stop with a code and a sentence; never
 * lets it through. On the GPU answers come late: what arrives after the run was freed is dropped, and
 * the simulator itself is freed only when nothing of it is under way any more.
 */
import type {
  Calibration,
  CoreErrorCode,
  Device,
  GpuHandle,
  HyperChanges,
  LaneStatus,
  Metrics,
  Part,
  Poll,
  RunConfig,
  SimulatorHandle,
} from "./protocol";
import { coreError } from "./protocol";
import { type Lane, nextProbe } from "./scheduler";

export interface LaneStop {
  readonly code: CoreErrorCode;
  readonly message: string;
}

/** What a lane reports to the engine. */
export interface LaneHost {
  stopped(lane: RunLane, stop: LaneStop): void;
  /** A move to the other device has ended, well or not. */
  moved(lane: RunLane): void;
  /** The run could not move to the GPU. */
  stayed(lane: RunLane, message: string): void;
  /** The run has left the GPU by itself; `rewound` when it goes on from an earlier step. */
  fellBack(lane: RunLane, note: string, rewound: boolean): void;
}

export type Reading = "metrics" | "outputs" | "latent";

/** Refusals of one GPU in a row after which a run is stopped rather than asked again. */
const MOST_REFUSALS = 3;

export class RunLane implements Lane {
  stopped: LaneStop | null = null;
  /** Iteration for which the last measurement was asked; -1 before the first. */
  measuredAt = -1;
  /** Pictures wanted: set with a measurement, cleared when they were asked for. */
  outputsDue = true;
  latentDue = true;
  lastReadout = Number.NEGATIVE_INFINITY;
  /** The run's settings when it was made; rates may have changed since. */
  readonly config: RunConfig;
  readonly size: { readonly parameters: number; readonly flopsPerStep: number };
  /** What has been asked for and has not come back. */
  readonly asked = new Set<Reading>();

  private at: number;
  private gpu: GpuHandle | null = null;
  private target: GpuHandle | null = null;
  private move: Promise<void> | null = null;
  private polled: Poll | null = null;
  private hyper: HyperChanges = {};
  private pending = 0;
  private refusals = 0;
  private freed = false;

  constructor(
    readonly rule: string,
    private readonly sim: SimulatorHandle,
    private interval: number,
    private readonly host: LaneHost,
  ) {
    this.at = sim.step;
    this.config = sim.config;
    this.size = { parameters: sim.parameters, flopsPerStep: sim.flopsPerStep };
  }

  /** Steps done; on the GPU: submitted. */
  get step(): number {
    return this.at;
  }

  /** Steps known to have been done. */
  get confirmed(): number {
    return this.polled === null ? this.at : Math.min(this.polled.confirmed, this.at);
  }

  get device(): Device {
    return this.gpu === null ? "cpu" : "gpu";
  }

  get moving(): boolean {
    return this.move !== null;
  }

  /**
   * On the way back from the GPU: nothing may be asked of the run. On the way there it goes on training
   * on the processor while shaders are compiled, which takes from tenths of a second to many seconds.
   */
  get held(): boolean {
    return this.move !== null && this.gpu !== null;
  }

  /** No further submission is taken at present. */
  get busy(): boolean {
    return this.polled?.busy ?? false;
  }

  get gpuMsPerStep(): number | null {
    return this.polled?.msPerStep ?? null;
  }

  get boundary(): number {
    return nextProbe(this.measuredAt < 0 ? this.at - 1 : this.measuredAt, this.interval);
  }

  /** True when the run stands on a measuring point for which no measurement was asked. */
  get probeDue(): boolean {
    return this.stopped === null && this.measuredAt !== this.at && this.at >= this.boundary;
  }

  get ready(): boolean {
    return this.stopped === null && !this.held && this.measuredAt >= 0 && !this.probeDue;
  }

  /** Something of this run is still to come: an answer, a move, a submission. */
  get unsettled(): boolean {
    return this.pending > 0 || (this.stopped === null && this.confirmed < this.at);
  }

  setInterval(interval: number): void {
    this.interval = interval;
  }

  advance(n: number): void {
    const at = this.guard((sim) => sim.advance(n));
    if (at !== null) this.at = at;
  }

  /** One step in which only these weights change. */
  async stepOnly(part: Part): Promise<void> {
    if (this.stopped !== null || this.freed) return;
    try {
      const at = await this.answer((sim) => sim.advanceOnly(part, 1));
      if (this.gpu === null) this.at = at;
      else this.poll();
    } catch (thrown) {
      // A GPU that was lost is a matter for the next poll.
      if (!this.freed && coreError(thrown).code !== "gpu") this.stop(coreError(thrown));
    }
  }

  /** Collects what has come back from the GPU; to be called once a frame. */
  poll(): void {
    if (this.gpu === null || this.moving || this.stopped !== null) return;
    const polled = this.guard((sim) => sim.poll());
    if (polled !== null) this.take(polled);
  }

  /** The numbers of this very iteration, when they come; null when they will not: ask again then. */
  async measure(): Promise<Metrics | null> {
    const at = this.at;
    this.measuredAt = at;
    this.outputsDue = true;
    this.latentDue = true;
    const metrics = await this.ask("metrics", (sim) => sim.metrics());
    if (metrics === null) {
      if (this.measuredAt >= at) this.measuredAt = at - 1;
      return null;
    }
    // The run went back meanwhile: it will come by again.
    return metrics.step > this.at ? null : metrics;
  }

  /** Asks for a reading; null when the run has stopped or is gone, or when the GPU did not answer. */
  async ask<T>(kind: Reading, f: (sim: SimulatorHandle) => Promise<T>): Promise<T | null> {
    if (this.stopped !== null || this.freed) return null;
    const asked = this.gpu;
    this.asked.add(kind);
    try {
      const answer = await this.track(() => f(this.sim));
      this.refusals = 0;
      return this.freed ? null : answer;
    } catch (thrown) {
      if (!this.freed) this.refused(thrown, asked);
      return null;
    } finally {
      this.asked.delete(kind);
    }
  }

  /** One answer for a caller who takes the error; waits where it is held, asks again where the GPU failed. */
  async answer<T>(f: (sim: SimulatorHandle) => Promise<T>, tries = 2): Promise<T> {
    for (;;) {
      while (this.held) await this.move;
      if (this.freed) throw new Error("the run is no longer there");
      try {
        return await this.track(() => f(this.sim));
      } catch (thrown) {
        if (--tries === 0 || this.freed || coreError(thrown).code !== "gpu") throw thrown;
        this.poll();
      }
    }
  }

  /** Times this configuration on both devices; the run goes on meanwhile. */
  calibrate(gpu: GpuHandle): Promise<Calibration> {
    return this.answer((sim) => sim.calibrate(gpu), 1);
  }

  /** Changes rates, now or when the run is held no longer. */
  setHyper(changes: HyperChanges): void {
    if (this.held) this.hyper = { ...this.hyper, ...changes };
    else this.sim.setHyper(changes);
  }

  /** Takes the run to this GPU, or to the processor (null), where it stands; the newest wish counts. */
  moveTo(target: GpuHandle | null): void {
    this.target = target;
    if (this.moving || target === this.gpu || this.stopped !== null || this.freed) return;
    this.move = this.follow();
  }

  /** Runs `f` on the simulator; a throw stops the lane, frees nothing and returns null. */
  guard<T>(f: (sim: SimulatorHandle) => T): T | null {
    if (this.stopped !== null) return null;
    try {
      return f(this.sim);
    } catch (thrown) {
      this.stop(coreError(thrown));
      return null;
    }
  }

  status(cpuMsPerStep: number | null): LaneStatus {
    const { rule, at: step, stopped, device, moving } = this;
    const msPerStep = device === "gpu" ? this.gpuMsPerStep : cpuMsPerStep;
    return { rule, step, msPerStep, stopped, device, moving };
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    if (this.pending === 0) this.sim.free();
  }

  private async follow(): Promise<void> {
    // Whoever called must see the lane moving before anything has moved.
    await Promise.resolve();
    while (this.target !== this.gpu && this.stopped === null && !this.freed) {
      // From one GPU to another the way leads over the processor.
      await this.hop(this.gpu === null ? this.target : null);
    }
    this.move = null;
    if (this.freed) return;
    const changes = this.hyper;
    this.hyper = {};
    if (Object.keys(changes).length > 0) this.guard((sim) => sim.setHyper(changes));
    this.host.moved(this);
  }

  private async hop(next: GpuHandle | null): Promise<void> {
    let failure: LaneStop | null = null;
    try {
      await this.track(() => (next === null ? this.sim.toCpu() : this.sim.toGpu(next)));
      if (next !== null) this.gpu = next;
    } catch (thrown) {
      failure = coreError(thrown);
    }
    if (this.freed) return;
    const polled = this.guard((sim) => sim.poll());
    if (polled !== null) this.take(polled);
    if (failure === null) return;
    // Not to be tried for ever: the run stays where it is until it is asked again.
    this.target = this.gpu;
    if (failure.code !== "gpu") this.stop(failure);
    else if (next !== null) this.host.stayed(this, failure.message);
  }

  /** Takes over what the core says about step and device. */
  private take(polled: Poll): void {
    const before = { step: this.at, gpu: this.gpu };
    this.at = polled.step;
    if (this.sim.device !== "gpu") this.gpu = null;
    this.polled = this.gpu === null ? null : polled;
    if (this.measuredAt > this.at) this.measuredAt = this.at - 1;
    if (polled.note === null) return;
    this.refusals = 0;
    // Where it fell from it does not go back to unless asked.
    if (this.target === before.gpu) this.target = this.gpu;
    this.host.fellBack(this, polled.note, this.at < before.step);
  }

  private refused(thrown: unknown, asked: GpuHandle | null): void {
    const error = coreError(thrown);
    if (error.code !== "gpu") {
      this.stop(error);
      return;
    }
    this.poll();
    if (asked !== null && asked === this.gpu && ++this.refusals >= MOST_REFUSALS) this.stop(error);
  }

  private stop(stop: LaneStop): void {
    if (this.stopped !== null) return;
    this.stopped = stop;
    this.host.stopped(this, stop);
  }

  /** Counts what is under way, and frees the simulator when the last of it has come back. */
  private async track<T>(f: () => Promise<T>): Promise<T> {
    this.pending++;
    try {
      return await f();
    } finally {
      this.pending--;
      if (this.freed && this.pending === 0) this.sim.free();
    }
  }
}
