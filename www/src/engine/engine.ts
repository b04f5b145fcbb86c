/**
 * Owns the simulators, one per rule, and moves them forward in animation frames.
 *
 * Each frame has a time budget. Measurements and read-outs come first (see `Readings`); training gets
 * the rest, shared by the scheduler so that all rules reach the same iteration. Runs on the GPU submit
 * work for as much GPU time (see `GpuPace`) and are asked once a frame what has come back. Results
 * leave as `EngineEvent`s only. No DOM: clock, frame callback and wasm core are handed in.
 */
import { GpuPace } from "./gpu-pace";
import { RunLane } from "./lane";
import {
  type Calibration,
  type Core,
  coreError,
  type DatasetHandle,
  type EngineEvent,
  type EngineStatus,
  type GpuHandle,
  type HyperChanges,
  type Pace,
  type Part,
  type Phase,
  type Readouts,
  type RunConfig,
  type SimulatorHandle,
  type Split,
} from "./protocol";
import { RateMeter } from "./rate";
import { Readings } from "./readings";
import { nextProbe, Scheduler } from "./scheduler";

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

/** On pause, rules that stand a few steps apart are brought level if that takes less, in ms. */
const LEVEL_MS = 25;
/** The same on the GPU, where it does not hold up the page. */
const LEVEL_GPU_MS = 1000;
/** Gap between frames that counts as computing time; longer ones are sleep, not work, in ms. */
const LONGEST_FRAME_MS = 250;

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
  /** Where runs are to compute: on this GPU, or on the processor. */
  private gpu: GpuHandle | null = null;
  /** After a pause: the iteration to which runs on the GPU are still being brought. */
  private levelTo: number | null = null;
  /** A step of one part that is asked for; it waits until all runs stand level. */
  private part: Part | null = null;
  private fallen: { rules: string[]; note: string } | null = null;
  private readonly scheduler: Scheduler<RunLane>;
  private readonly gpuPace: GpuPace<RunLane>;
  private readonly readings: Readings;
  private readonly rate = new RateMeter();

  constructor(
    private readonly core: Core,
    private readonly clock: Clock,
    private readonly emit: (event: EngineEvent) => void,
  ) {
    const now = (): number => clock.now();
    this.scheduler = new Scheduler(now);
    this.gpuPace = new GpuPace(now);
    this.readings = new Readings({
      now,
      emit,
      alive: () => this.alive,
      active: () => this.active,
      data: () => this.data,
      levelling: (lane) => lane.device === "gpu" && lane.step < (this.levelTo ?? 0),
    });
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
    this.emit({ type: "lanes" });
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

  /** Every run as it is at this moment, though training may go on; rejects when one cannot be saved. */
  async save(): Promise<SavedLane[]> {
    // A run that was never looked at is saved like any other.
    while (this.coming.length > 0) this.createNext();
    return Promise.all(
      this.alive.map(async (lane) => {
        let { step } = lane;
        const blob = await lane.answer((sim) => {
          step = lane.step;
          return sim.save();
        });
        return { rule: lane.rule, step, blob };
      }),
    );
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

  /** One more iteration for every rule in which only these weights change, then a measurement and a pause. */
  stepOnly(part: Part): void {
    if (this.none) return;
    this.pause();
    this.part = part;
    this.wake();
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
    this.lane(rule)?.setHyper(changes);
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
    this.readings.want(readouts);
    this.wake();
  }

  /** Where all runs are to compute, those to come included. They take their state along. */
  setDevice(gpu: GpuHandle | null): void {
    this.gpu = gpu;
    for (const lane of this.lanes) lane.moveTo(gpu);
    this.wake();
  }

  /** The configuration that stands for all: the first rule's that still runs. */
  firstConfig(): RunConfig | null {
    return this.alive[0]?.config ?? null;
  }

  /** Times a step of the first rule on both devices. */
  async calibrate(gpu: GpuHandle): Promise<Calibration> {
    const [first] = this.alive;
    if (first === undefined) throw new Error("there is no run to be timed");
    return first.calibrate(gpu);
  }

  /** One rule's outputs for a few samples, now: for a reader who points at something. */
  async inspect(rule: string, split: Split, indices: Uint32Array): Promise<Float32Array | null> {
    return this.ask(rule, (sim) => sim.outputs(split, indices));
  }

  /** Any question to one rule's run that leaves it as it is; null when it has none that can answer. */
  async ask<T>(rule: string, question: (run: SimulatorHandle) => Promise<T>): Promise<T | null> {
    const lane = this.lane(rule);
    if (lane === undefined || lane.stopped !== null) return null;
    // What cannot be had is left out; if the run is in trouble, its next step will say so.
    return lane.answer(question).catch(() => null);
  }

  async checksum(rule: string): Promise<string | null> {
    return (await this.lane(rule)?.answer((sim) => sim.checksum())) ?? null;
  }

  size(rule: string): { parameters: number; flopsPerStep: number } | null {
    return this.lane(rule)?.size ?? null;
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

  private get alive(): RunLane[] {
    return this.lanes.filter((lane) => lane.stopped === null);
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

  /** Iterations known to have been done, which is what speed is counted in. */
  private confirmed(): number {
    return this.lanes.reduce((max, lane) => Math.max(max, lane.confirmed), 0);
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
    const lane = new RunLane(rule, sim, this.pace.interval, {
      stopped: ({ step }, stop) => this.emit({ type: "lane-stopped", rule, step, ...stop }),
      moved: () => {
        this.rate.reset();
        this.wake();
      },
      stayed: (_, message) => this.emit({ type: "stayed", rule, message }),
      fellBack: ({ step }, note, rewound) => {
        if (rewound) this.emit({ type: "rewound", rule, step });
        this.fell(rule, note);
      },
    });
    this.lanes = [...this.lanes, lane];
    lane.moveTo(this.gpu);
    this.emit({ type: "lanes" });
  }

  /** Rules that fall together (a lost device takes all) are reported together. */
  private fell(rule: string, note: string): void {
    this.rate.reset();
    if (this.fallen !== null) {
      this.fallen.rules.push(rule);
      return;
    }
    const fallen = { rules: [rule], note };
    this.fallen = fallen;
    queueMicrotask(() => {
      this.fallen = null;
      this.emit({ type: "fell-back", ...fallen });
      this.wake();
    });
  }

  private clear(): void {
    for (const lane of this.lanes) lane.free();
    this.lanes = [];
    this.coming = [];
    this.gpu = null;
    this.levelTo = null;
    this.part = null;
    this.phase = "empty";
    this.elapsedMs = 0;
    this.lastTick = null;
    this.rate.reset();
    this.emit({ type: "lanes" });
  }

  private start(phase: "running" | "stepping"): void {
    this.phase = phase;
    this.levelTo = null;
    this.part = null;
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
    const cost = (lanes: readonly RunLane[], ms: (lane: RunLane) => number | null): number =>
      lanes.reduce((sum, lane) => sum + (target - lane.step) * (ms(lane) ?? LEVEL_MS), 0);
    const behind = this.alive.filter((lane) => lane.step < target);
    const here = behind.filter((lane) => lane.device === "cpu" && lane.ready);
    if (cost(here, (lane) => this.scheduler.msPerStep(lane)) <= LEVEL_MS)
      this.scheduler.slice(here, LEVEL_MS, target);
    // What runs on the GPU may have its hands full now and goes the rest of the way in later frames.
    const there = behind.filter((lane) => lane.device === "gpu");
    if (there.length > 0 && cost(there, (lane) => lane.gpuMsPerStep) <= LEVEL_GPU_MS)
      this.levelTo = target;
  }

  /** Training for as long as the budget lasts: on the GPU beside this frame, on the processor within. */
  private train(start: number, budget: number): void {
    const { lanes } = this;
    const there = lanes.filter((lane) => lane.device === "gpu");
    const limit = this.active ? Math.min(this.limit, this.together()) : (this.levelTo ?? 0);
    this.gpuPace.submit(there, budget, limit);
    const left = budget - (this.clock.now() - start);
    if (!this.active) {
      const short = (lane: RunLane): boolean => lane.stopped === null && lane.step < limit;
      if (!there.some(short)) this.levelTo = null;
    } else if (left > 0.5) {
      const here = lanes.filter((lane) => lane.device === "cpu");
      this.scheduler.slice(here, left, limit);
    }
  }

  /** Runs on different devices, or on the way to one, keep within one measuring point of the last. */
  private together(): number {
    const { alive } = this;
    const apart = alive.some((lane) => lane.moving || lane.device !== alive[0]?.device);
    if (!apart) return Number.POSITIVE_INFINITY;
    return nextProbe(Math.min(...alive.map((lane) => lane.step)), this.pace.interval);
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
    for (const lane of this.lanes) lane.poll();
    const created = this.createNext();
    // While a page opens, making a network is enough for one frame: the reader may be scrolling already.
    const opens = created && !this.active;
    const worked = opens || this.readings.work(start, budget) || created;
    if (created && !this.active) this.report();
    if (this.active || this.levelTo !== null) this.train(start, budget);
    if (this.active) {
      this.rate.add(this.clock.now(), this.confirmed());
      this.checkEnd();
      this.report();
    }
    if (this.part !== null && this.settledForPart) void this.takePart(this.part);
    if (this.active || this.levelTo !== null || this.part !== null || worked || this.awaiting)
      this.frame ??= this.clock.requestFrame(() => this.tick());
  }

  /** All runs are made, measured where they stand, and level. */
  private get settledForPart(): boolean {
    const waits = (lane: RunLane): boolean => lane.held || lane.measuredAt < 0;
    return this.coming.length === 0 && this.levelTo === null && !this.alive.some(waits);
  }

  private async takePart(part: Part): Promise<void> {
    this.part = null;
    await Promise.all(this.alive.map((lane) => lane.stepOnly(part)));
    if (this.phase === "ready" || this.phase === "finished") this.phase = "paused";
    this.emit({ type: "part", part, iteration: this.iteration() });
    this.wake();
  }

  /** Something is to be read, or has been asked for and will come. */
  private get awaiting(): boolean {
    return this.readings.due || this.lanes.some((lane) => lane.unsettled);
  }

  private checkEnd(): void {
    const { alive } = this;
    if (this.coming.length > 0) return;
    if (alive.length === 0) {
      this.phase = "paused";
      return;
    }
    if (alive.some((lane) => lane.confirmed < this.limit)) return;
    if (this.phase === "running") {
      this.finish();
      return;
    }
    this.phase = "paused";
  }
}
