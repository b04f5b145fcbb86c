/**
 * Owns the simulators, one per rule, and moves them forward in animation frames.
 *
 * Each frame has a time budget. Measurements and read-outs (5 to 20 ms each) come first, as many as
 * are known to fit and never fewer than one when one is due; training gets the rest, shared by the
 * scheduler so that all rules reach the same iteration. Results leave as `EngineEvent`s only.
 * No DOM: the clock, the frame callback and the wasm core are handed in.
 */
import { RunLane } from "./lane";
import {
  type Core,
  coreError,
  type DatasetHandle,
  type EngineEvent,
  type EngineStatus,
  type HyperChanges,
  type Pace,
  type Phase,
  type Readouts,
  type RunConfig,
  type SimulatorHandle,
  type Split,
} from "./protocol";
import { RateMeter } from "./rate";
import { Scheduler } from "./scheduler";

export interface Clock {
  now(): number;
  requestFrame(callback: () => void): number;
  cancelFrame(handle: number): void;
  /** Time others (drawing) have taken since the last call, in ms; it comes out of the budget. */
  takeSpent(): number;
}

export interface SavedLane {
  readonly rule: string;
  readonly step: number;
  readonly blob: Uint8Array;
}

/** Shortest time between two read-outs of one rule's pictures, in ms: quick enough to look alive. */
const READOUT_PAUSE_MS = 250;
/** On pause, rules that stand a few steps apart are brought level if that takes less, in ms. */
const LEVEL_MS = 25;
/** Gap between frames that counts as computing time; longer ones are sleep, not work, in ms. */
const LONGEST_FRAME_MS = 250;

type Job = "metrics" | "outputs" | "latent";

export class Engine {
  private lanes: RunLane[] = [];
  /** Runs still to be made: drawing first weights takes tens of ms each, so one a frame. */
  private coming: RunConfig[] = [];
  private data: DatasetHandle | null = null;
  private phase: Phase = "empty";
  private suspended = false;
  private limit = Number.POSITIVE_INFINITY;
  private frame: number | null = null;
  private lastTick: number | null = null;
  private elapsedMs = 0;
  private pace: Pace = { budgetMs: 9, interval: 100, stopAt: 0 };
  private readouts: Readouts = { outputs: null, latentCount: 0 };
  private readonly jobMs: Record<Job, number> = { metrics: 15, outputs: 2, latent: 8 };
  private readonly scheduler: Scheduler<RunLane>;
  private readonly rate = new RateMeter();

  constructor(
    private readonly core: Core,
    private readonly clock: Clock,
    private readonly emit: (event: EngineEvent) => void,
  ) {
    this.scheduler = new Scheduler(() => clock.now());
  }

  /** Starts afresh with one run per configuration. A rule the core refuses is reported and left out. */
  build(data: DatasetHandle, configs: readonly RunConfig[]): void {
    this.clear();
    this.data = data;
    this.coming = [...configs];
    this.phase = "ready";
    this.wake();
  }

  /** Adds one rule at iteration 0, unless it is there; when others are ahead it catches up first. */
  addLane(config: RunConfig): void {
    if (this.data === null) return;
    const there = (other: { rule: string }): boolean => other.rule === config.rule;
    if (this.lanes.some((lane) => lane.rule === config.rule) || this.coming.some(there)) return;
    this.coming.push(config);
    this.wake();
  }

  removeLane(rule: string): void {
    for (const lane of this.lanes) if (lane.rule === rule) lane.free();
    this.lanes = this.lanes.filter((lane) => lane.rule !== rule);
    this.coming = this.coming.filter((config) => config.rule !== rule);
    this.wake();
  }

  /** Restores every blob, or throws and leaves the present run as it is. */
  restore(data: DatasetHandle, saved: readonly SavedLane[], elapsedMs: number): void {
    const fresh: SimulatorHandle[] = [];
    try {
      for (const lane of saved) fresh.push(this.core.restore(lane.blob, data));
    } catch (thrown) {
      for (const sim of fresh) sim.free();
      throw thrown;
    }
    this.clear();
    this.data = data;
    for (const sim of fresh) this.insert(sim.config.rule, sim);
    this.elapsedMs = elapsedMs;
    this.phase = this.iteration() > 0 ? "paused" : "ready";
    this.wake();
  }

  save(): SavedLane[] {
    // A run that was never looked at is saved like any other.
    while (this.coming.length > 0) this.createNext();
    return this.lanes
      .filter((lane) => lane.stopped === null)
      .map((lane) => ({ rule: lane.rule, step: lane.step, blob: lane.use((sim) => sim.save()) }));
  }

  run(): void {
    if (this.none || this.phase === "running") return;
    const stopAt = this.pace.stopAt;
    if (stopAt > 0 && this.iteration() >= stopAt) {
      this.finish();
      return;
    }
    this.limit = stopAt > 0 ? stopAt : Number.POSITIVE_INFINITY;
    this.start("running");
  }

  /** Exactly `n` more iterations for every rule, then a measurement and a pause. */
  stepBy(n: number): void {
    if (this.none) return;
    this.limit = this.iteration() + n;
    this.start("stepping");
  }

  pause(): void {
    if (this.phase !== "running" && this.phase !== "stepping") return;
    this.phase = "paused";
    this.level();
    this.wake();
  }

  /** A hidden tab gets no animation frames: hold the run and go on when it is seen again. */
  suspend(hidden: boolean): void {
    if (this.suspended === hidden) return;
    this.suspended = hidden;
    this.lastTick = null;
    if (hidden && this.frame !== null) {
      this.clock.cancelFrame(this.frame);
      this.frame = null;
    }
    this.rate.reset();
    this.report();
    this.wake();
  }

  setHyper(rule: string, changes: HyperChanges): void {
    this.lane(rule)?.use((sim) => sim.setHyper(changes));
    this.coming = this.coming.map((c) => (c.rule === rule ? { ...c, ...changes } : c));
  }

  setPace(pace: Pace): void {
    this.pace = pace;
    for (const lane of this.lanes) lane.setInterval(pace.interval);
    if (this.phase === "running")
      this.limit = pace.stopAt > 0 ? pace.stopAt : Number.POSITIVE_INFINITY;
    this.wake();
  }

  setReadouts(readouts: Readouts): void {
    this.readouts = readouts;
    for (const lane of this.lanes) {
      lane.outputsDue = true;
      lane.latentDue = true;
    }
    this.wake();
  }

  /** One rule's outputs for a few samples, now: for a reader who points at something. */
  inspect(rule: string, split: Split, indices: Uint32Array): Float32Array | null {
    return this.lane(rule)?.guard((sim) => sim.outputs(split, indices)) ?? null;
  }

  checksum(rule: string): string | null {
    return this.lane(rule)?.guard((sim) => sim.checksum()) ?? null;
  }

  size(rule: string): { parameters: number; flopsPerStep: number } | null {
    const lane = this.lane(rule);
    return (
      lane?.guard((sim) => ({ parameters: sim.parameters, flopsPerStep: sim.flopsPerStep })) ?? null
    );
  }

  status(): EngineStatus {
    const iteration = this.iteration();
    const perSecond =
      this.phase === "running" || this.phase === "stepping" ? this.rate.value() : null;
    const left = this.limit - iteration;
    const etaMs =
      perSecond !== null && perSecond > 0 && Number.isFinite(left)
        ? (left / perSecond) * 1000
        : null;
    return {
      phase: this.phase,
      suspended: this.suspended,
      iteration,
      perSecond,
      elapsedMs: this.elapsedMs,
      etaMs,
      lanes: this.lanes.map((lane) => lane.status(this.scheduler.msPerStep(lane))),
    };
  }

  destroy(): void {
    this.clear();
    if (this.frame !== null) this.clock.cancelFrame(this.frame);
    this.frame = null;
  }

  private get none(): boolean {
    return this.lanes.length === 0 && this.coming.length === 0;
  }

  private get active(): boolean {
    return this.phase === "running" || this.phase === "stepping";
  }

  private lane(rule: string): RunLane | undefined {
    return this.lanes.find((lane) => lane.rule === rule);
  }

  private iteration(): number {
    return this.lanes.reduce((max, lane) => Math.max(max, lane.step), 0);
  }

  /** Makes one run that is still to come; returns whether there was one. */
  private createNext(): boolean {
    const config = this.coming.shift();
    if (config === undefined || this.data === null) return false;
    try {
      this.insert(config.rule, this.core.simulator(config, this.data));
    } catch (thrown) {
      this.emit({ type: "lane-stopped", rule: config.rule, step: 0, ...coreError(thrown) });
    }
    return true;
  }

  private insert(rule: string, sim: SimulatorHandle): void {
    const lane = new RunLane(rule, sim, this.pace.interval, (stopped) => {
      if (stopped.stopped === null) return;
      this.emit({ type: "lane-stopped", rule, step: stopped.step, ...stopped.stopped });
    });
    this.lanes = [...this.lanes, lane];
  }

  private clear(): void {
    for (const lane of this.lanes) lane.free();
    this.lanes = [];
    this.coming = [];
    this.phase = "empty";
    this.elapsedMs = 0;
    this.lastTick = null;
    this.rate.reset();
  }

  private start(phase: "running" | "stepping"): void {
    this.phase = phase;
    this.lastTick = null;
    this.rate.reset();
    this.wake();
  }

  private finish(): void {
    this.phase = "finished";
    this.emit({ type: "finished", iteration: this.iteration() });
    this.report();
  }

  private level(): void {
    const target = this.iteration();
    const behind = this.lanes.filter((lane) => lane.ready && lane.step < target);
    const cost = behind.reduce(
      (sum, lane) => sum + (target - lane.step) * (this.scheduler.msPerStep(lane) ?? LEVEL_MS),
      0,
    );
    if (cost <= LEVEL_MS) this.scheduler.slice(behind, LEVEL_MS, target);
  }

  private wake(): void {
    this.report();
    if (this.frame === null && !this.suspended) {
      this.frame = this.clock.requestFrame(() => this.tick());
    }
  }

  private report(): void {
    this.emit({ type: "status", status: this.status() });
  }

  private tick(): void {
    this.frame = null;
    const start = this.clock.now();
    if (this.active && this.lastTick !== null) {
      this.elapsedMs += Math.min(start - this.lastTick, LONGEST_FRAME_MS);
    }
    this.lastTick = this.active ? start : null;

    const { budgetMs } = this.pace;
    // Drawing shares the frame, but never takes more than half of the training time.
    const budget = budgetMs - Math.min(this.clock.takeSpent(), budgetMs / 2);
    const created = this.createNext();
    const worked = created || this.work(start, budget);
    if (created && !this.active) this.report();
    if (this.active) {
      const left = budget - (this.clock.now() - start);
      if (left > 0.5) this.scheduler.slice(this.lanes, left, this.limit);
      this.rate.add(this.clock.now(), this.iteration());
      this.checkEnd();
      this.report();
    }
    if (this.active || worked || this.nextJob() !== null || this.picturesDue()) {
      this.frame = this.clock.requestFrame(() => this.tick());
    }
  }

  /** Measurements and read-outs that fit into this frame. Returns whether anything was done. */
  private work(start: number, budget: number): boolean {
    let done = false;
    for (;;) {
      const job = this.nextJob();
      if (job === null) return done;
      const spent = this.clock.now() - start;
      if (done && spent + this.jobMs[job.kind] > budget) return done;
      const t0 = this.clock.now();
      this.perform(job.lane, job.kind);
      const took = this.clock.now() - t0;
      this.jobMs[job.kind] += 0.3 * (took - this.jobMs[job.kind]);
      done = true;
    }
  }

  private nextJob(): { lane: RunLane; kind: Job } | null {
    const alive = this.lanes.filter((lane) => lane.stopped === null);
    const due = alive
      .filter(
        (lane) =>
          lane.measuredAt < 0 || lane.probeDue || (!this.active && lane.measuredAt !== lane.step),
      )
      .sort((a, b) => a.step - b.step)[0];
    if (due !== undefined) return { lane: due, kind: "metrics" };
    const now = this.clock.now();
    for (const lane of alive) {
      if (this.active && now - lane.lastReadout < READOUT_PAUSE_MS) continue;
      if (lane.outputsDue && this.readouts.outputs !== null) return { lane, kind: "outputs" };
      if (lane.latentDue && this.readouts.latentCount > 0) return { lane, kind: "latent" };
    }
    return null;
  }

  private picturesDue(): boolean {
    return this.lanes.some(
      (lane) =>
        lane.stopped === null &&
        ((lane.outputsDue && this.readouts.outputs !== null) ||
          (lane.latentDue && this.readouts.latentCount > 0)),
    );
  }

  private perform(lane: RunLane, kind: Job): void {
    if (kind === "metrics") {
      const metrics = lane.measure();
      if (metrics !== null) this.emit({ type: "metrics", rule: lane.rule, metrics });
      return;
    }
    const { outputs: indices, latentCount } = this.readouts;
    if (kind === "outputs" && indices !== null) {
      lane.outputsDue = false;
      const values = lane.guard((sim) => sim.outputs("test", indices));
      if (values !== null) {
        this.emit({ type: "outputs", rule: lane.rule, step: lane.step, indices, values });
      }
    }
    if (kind === "latent") {
      lane.latentDue = false;
      const count = Math.min(latentCount, this.data?.testCount ?? 0);
      const values = lane.guard((sim) => sim.latent("test", count));
      if (values !== null) {
        this.emit({ type: "latent", rule: lane.rule, step: lane.step, count, values });
      }
    }
    const rest = (lane.outputsDue && indices !== null) || (lane.latentDue && latentCount > 0);
    if (!rest) lane.lastReadout = this.clock.now();
  }

  private checkEnd(): void {
    const alive = this.lanes.filter((lane) => lane.stopped === null);
    if (this.coming.length > 0) return;
    if (alive.length === 0) {
      this.phase = "paused";
      return;
    }
    if (alive.some((lane) => lane.step < this.limit)) return;
    if (this.phase === "running") {
      this.finish();
      return;
    }
    this.phase = "paused";
  }
}
