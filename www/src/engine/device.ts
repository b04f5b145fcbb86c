/**
 * Decides where the runs compute: on the processor, on the GPU, or, by itself, wherever a step of the
 * actual configuration was measured to be quicker.
 *
 * Nothing waits for this. Runs begin on the processor; the GPU is looked for when the first of them is
 * there, and they move with all they have learnt when it is decided. Whatever fails on the way leaves
 * them on the processor, with the reason at hand. No DOM and no words: see controls/device.ts.
 */
import {
  type Calibration,
  coreError,
  type Device,
  type GpuHandle,
  type LaneStatus,
  type RunConfig,
} from "./protocol";

export type Compute = "auto" | "cpu" | "gpu";

export type Why =
  /** There is no run yet. */
  | { readonly kind: "waiting" }
  | { readonly kind: "no-webgpu"; readonly secure: boolean }
  | { readonly kind: "looking" }
  | { readonly kind: "measuring" }
  | { readonly kind: "measured"; readonly result: Calibration }
  | { readonly kind: "chosen" }
  | { readonly kind: "failed"; readonly message: string };

/** The engine as the choice needs it. */
export interface Movable {
  firstConfig(): RunConfig | null;
  calibrate(gpu: GpuHandle): Promise<Calibration>;
  setDevice(gpu: GpuHandle | null): void;
}

export interface DeviceHost {
  readonly engine: Movable;
  gpu(): Promise<GpuHandle>;
  /** Settles when the page has nothing more urgent to do. */
  idle(): Promise<void>;
  /** What this browser offers, known before anything is asked of it. */
  readonly offers: { readonly webgpu: boolean; readonly secure: boolean };
  changed(): void;
}

export class DeviceChooser {
  why: Why = { kind: "waiting" };
  /** The GPU last looked at, whether it is used or not. */
  gpu: GpuHandle | null = null;
  /** Where runs are meant to be. */
  goal: Device = "cpu";
  /** Why a run is on the processor although the GPU was chosen. */
  trouble: string | null = null;
  private compute: Compute = "auto";
  /** What the present state was decided for; empty when it has to be decided anew. */
  private decided = "";
  /** Counts decisions: one that took long enough to be overtaken has no effect. */
  private turn = 0;
  /** Why there is no GPU; it is not looked for again unless the reader asks. */
  private refused: string | null = null;
  private readonly results = new Map<string, Calibration>();

  constructor(private readonly host: DeviceHost) {}

  choose(compute: Compute): void {
    if (compute !== this.compute) this.refused = null;
    this.compute = compute;
    this.decide();
  }

  /** Runs were made or taken away. */
  lanesChanged(): void {
    this.decide();
  }

  /** Runs have gone to the processor by themselves, or could not leave it. */
  failed(message: string): void {
    // Of a lost device the reason is known; what the runs do now is said where they report it.
    this.trouble = this.gpu?.lost ?? message;
    // A new run may try again, with a new device; this one has had its disturbance.
    if (this.gpu?.lost !== undefined) this.send(null);
    this.host.changed();
  }

  private decide(): void {
    const config = this.host.engine.firstConfig();
    const wish = config === null ? "" : `${this.compute} ${shapeOf(config, this.compute)}`;
    if (wish !== "" && wish === this.decided) return;
    this.decided = wish;
    this.trouble = null;
    const turn = ++this.turn;
    const { offers } = this.host;
    if (this.compute === "cpu") this.settle(null, { kind: "chosen" });
    else if (!offers.webgpu) this.settle(null, { kind: "no-webgpu", secure: offers.secure });
    else if (config === null) this.settle(null, { kind: "waiting" });
    else void this.look(config, () => turn === this.turn);
  }

  private async look(config: RunConfig, current: () => boolean): Promise<void> {
    try {
      // Nobody has asked for it, so it comes after everything else.
      if (this.compute === "auto") await this.host.idle();
      const gpu = current() ? await this.find(current) : null;
      if (gpu === null) return;
      if (this.compute === "gpu") this.settle(gpu, { kind: "chosen" });
      else await this.compare(gpu, config, current);
    } catch (thrown) {
      if (current()) this.settle(null, { kind: "failed", message: coreError(thrown).message });
    }
  }

  /** The page's GPU; null when the question has been overtaken. */
  private async find(current: () => boolean): Promise<GpuHandle | null> {
    if (this.refused !== null) throw new Error(this.refused);
    if (this.gpu === null || this.gpu.lost !== undefined) {
      this.say({ kind: "looking" });
      try {
        const gpu = await this.host.gpu();
        if (gpu !== this.gpu) this.results.clear();
        this.gpu = gpu;
      } catch (thrown) {
        if (current()) this.refused = coreError(thrown).message;
        throw thrown;
      }
    }
    return current() ? this.gpu : null;
  }

  private async compare(gpu: GpuHandle, config: RunConfig, current: () => boolean): Promise<void> {
    const shape = shapeOf(config, "auto");
    let result = this.results.get(shape);
    if (result === undefined) {
      this.say({ kind: "measuring" });
      result = await this.host.engine.calibrate(gpu);
      this.results.set(shape, result);
    }
    if (!current()) return;
    this.settle(result.gpuMs < result.cpuMs ? gpu : null, { kind: "measured", result });
  }

  private settle(gpu: GpuHandle | null, why: Why): void {
    // Where no run is, there is none to move, and those to come begin on the processor.
    if (this.decided !== "") this.send(gpu);
    this.say(why);
  }

  private send(gpu: GpuHandle | null): void {
    this.goal = gpu === null ? "cpu" : "gpu";
    this.host.engine.setDevice(gpu);
  }

  private say(why: Why): void {
    this.why = why;
    this.host.changed();
  }
}

/** What the cost of a step depends on; where nothing is measured, nothing. */
function shapeOf(config: RunConfig, compute: Compute): string {
  if (compute !== "auto") return "any";
  const { sizes, batch, rule, feedback, optimizer, noise } = config;
  return JSON.stringify([sizes, batch, rule, feedback, optimizer, noise]);
}

export interface Paths {
  readonly cpu: readonly string[];
  readonly gpu: readonly string[];
  readonly moving: boolean;
}

/** Which rules compute where; those that have stopped compute nowhere. */
export function pathsOf(lanes: readonly LaneStatus[]): Paths {
  const alive = lanes.filter((lane) => lane.stopped === null);
  const on = (device: string): string[] =>
    alive.filter((lane) => lane.device === device).map((lane) => lane.rule);
  return { cpu: on("cpu"), gpu: on("gpu"), moving: alive.some((lane) => lane.moving) };
}

/** One device for the page: asked for when first wanted, and again if there was none or it was lost. */
export function sharedGpu(request: () => Promise<GpuHandle>): () => Promise<GpuHandle> {
  let held: GpuHandle | null = null;
  let asked: Promise<GpuHandle> | null = null;
  const keep = (gpu: GpuHandle): GpuHandle => {
    held = gpu;
    return gpu;
  };
  return () => {
    if (held?.lost !== undefined) {
      held = null;
      asked = null;
    }
    asked ??= request()
      .then(keep)
      .catch((thrown: unknown) => {
        asked = null;
        throw thrown;
      });
    return asked;
  };
}
