/**
 * One experiment in progress: its runs, who works on them, how far they are and how long they will take.
 *
 * Jobs go out seed by seed, so that a set of runs that is cut short holds something of every arm. No DOM.
 */
import type { Metrics, RunConfig } from "../engine/protocol";
import type { DataParts, Preset } from "./binding";
import type { FromHost, Job, PictureRequest, Pictures } from "./jobs";
import type { Pool, PoolHost } from "./pool";
import { pace } from "./schedule";

/** Samples that metrics are measured on: precise to about two per cent of an error rate, and quick. */
export const PROBE = 500;

export type RunState = "waiting" | "running" | "done" | "stopped";

export interface Run {
  readonly job: Job;
  state: RunState;
  step: number;
  /** Time spent on it, in ms. */
  ms: number;
  readonly rows: Metrics[];
  pictures: Pictures | null;
  why: string | null;
}

export type ExperimentPhase = "ready" | "running" | "paused" | "finished";

export interface Plan {
  readonly seeds: number;
  readonly steps: number;
}

export interface ExperimentHost {
  pool(
    events: Pick<PoolHost, "onMessage" | "onStart" | "onLocal" | "onIdle">,
    parts: DataParts,
  ): Pool;
  /** Something has arrived. */
  changed(): void;
  now(): number;
}

export class Experiment {
  phase: ExperimentPhase = "ready";
  runs: Run[] = [];
  /** What the runs were started with. */
  plan: Plan | null = null;
  parts: DataParts | null = null;
  local = false;
  private pool: Pool | null = null;
  private most = 0;
  private began = 0;
  private elapsed = 0;

  constructor(
    readonly preset: Preset,
    private readonly host: ExperimentHost,
  ) {}

  /** Starts over with these numbers. */
  start(plan: Plan, parts: DataParts, pictures: PictureRequest | null): void {
    this.reset();
    this.plan = plan;
    this.parts = parts;
    const jobs: Job[] = [];
    for (let seed = 1; seed <= plan.seeds; seed++) {
      for (const arm of this.preset.arms) {
        const config: RunConfig = { ...arm.config, seed, probe: PROBE };
        jobs.push({
          id: jobs.length,
          arm: arm.id,
          seed,
          config,
          steps: plan.steps,
          every: pace(this.preset.every, plan.steps),
          pictures: seed === 1 ? pictures : null,
        });
      }
    }
    this.runs = jobs.map((job) => ({
      job,
      state: "waiting",
      step: 0,
      ms: 0,
      rows: [],
      pictures: null,
      why: null,
    }));
    this.phase = "running";
    this.began = this.host.now();
    this.elapsed = 0;
    this.pool = this.host.pool(
      {
        onStart: (job) => this.set(job.id, (run) => (run.state = "running")),
        onMessage: (message) => this.take(message),
        onLocal: () => {
          this.local = true;
          this.host.changed();
        },
        onIdle: () => this.finish(),
      },
      parts,
    );
    this.pool.start(jobs);
    this.host.changed();
  }

  pause(): void {
    if (this.phase !== "running") return;
    this.elapsed = this.elapsedMs();
    this.phase = "paused";
    this.pool?.pause();
    this.host.changed();
  }

  resume(): void {
    if (this.phase !== "paused") return;
    this.phase = "running";
    this.began = this.host.now();
    this.pool?.resume();
    this.host.changed();
  }

  /** Back to nothing. */
  reset(): void {
    this.pool?.close();
    this.pool = null;
    this.runs = [];
    this.plan = null;
    this.parts = null;
    this.local = false;
    this.phase = "ready";
    this.host.changed();
  }

  /** Runs of an arm, by seed. */
  of(arm: string): readonly Run[] {
    return this.runs.filter((run) => run.job.arm === arm);
  }

  /** Runs at the same time. */
  get width(): number {
    this.most = Math.max(this.most, this.pool?.workers ?? 0);
    return this.most;
  }

  elapsedMs(): number {
    return this.elapsed + (this.phase === "running" ? this.host.now() - this.began : 0);
  }

  /** Share of all work that is done, 0 to 1. */
  progress(): number {
    let done = 0;
    let all = 0;
    for (const run of this.runs) {
      const cost = weight(run.job.config) * run.job.steps;
      all += cost;
      done += run.state === "stopped" ? cost : (cost * run.step) / run.job.steps;
    }
    return all === 0 ? 0 : done / all;
  }

  /** Time that runs of so many steps and seeds would take with as many workers as now, from what was measured; ms. */
  forecast(plan: Plan): number | null {
    const times = this.preset.arms.map((arm) => this.perStep(arm.id, arm.config));
    if (times.some((ms) => ms === null)) return null;
    const total = times.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) * plan.seeds * plan.steps;
    const side = Math.max(1, Math.min(this.width, plan.seeds * times.length));
    return total / side;
  }

  /** Time left, in ms; null before anything was measured. */
  remainingMs(): number | null {
    if (this.phase === "finished") return 0;
    const left = this.runs
      .filter((run) => run.state === "waiting" || run.state === "running")
      .map((run) => {
        const ms = this.perStep(run.job.arm, run.job.config);
        return ms === null ? null : ms * (run.job.steps - run.step);
      });
    if (left.some((ms) => ms === null)) return null;
    const times = left.map((ms) => ms ?? 0);
    const sum = times.reduce((a, b) => a + b, 0);
    return Math.max(sum / Math.max(1, this.width), ...times);
  }

  /** Milliseconds a step of an arm: its own, or another's in proportion to the size of the network. */
  private perStep(arm: string, config: RunConfig): number | null {
    const own = this.runs.filter((run) => run.job.arm === arm && run.step > 0);
    const rate = (runs: readonly Run[], size: (run: Run) => number): number | null => {
      const ms = runs.reduce((a, run) => a + run.ms, 0);
      const steps = runs.reduce((a, run) => a + run.step * size(run), 0);
      return steps > 0 && ms > MEASURED_MS ? ms / steps : null;
    };
    const mine = rate(own, () => 1);
    if (mine !== null) return mine;
    const others = rate(this.runs, (run) => weight(run.job.config));
    return others === null ? null : others * weight(config);
  }

  private finish(): void {
    this.elapsed = this.elapsedMs();
    this.phase = "finished";
    this.most = this.width;
    this.host.changed();
    // The threads have nothing left to do; what they found is here.
    this.pool?.close();
  }

  private take(message: Extract<FromHost, { id: number }>): void {
    this.set(message.id, (run) => {
      if (message.type === "progress") {
        run.rows.push(...message.rows);
        run.step = message.step;
        run.ms = message.ms;
        run.pictures = message.pictures ?? run.pictures;
      } else if (message.type === "done") run.state = "done";
      else {
        run.state = "stopped";
        run.step = Math.max(run.step, message.step);
        run.why = message.message;
      }
    });
  }

  private set(id: number, change: (run: Run) => void): void {
    const run = this.runs[id];
    if (run === undefined) return;
    change(run);
    this.host.changed();
  }
}

/** Least time that a rate is measured over, in ms. */
const MEASURED_MS = 100;

/** Weights of a network: what a step costs, roughly. */
function weight({ sizes }: RunConfig): number {
  return sizes.slice(1).reduce((sum, n, i) => sum + n * (sizes[i] ?? 0), 0);
}
