/** Stand-ins for tests: a clock that moves when told, and runs whose every step takes a stated time. */
import type { Clock } from "../engine/engine";
import type {
  Calibration,
  Core,
  DatasetHandle,
  Device,
  Estimates,
  GpuHandle,
  GradientCheck,
  HyperChanges,
  LayerView,
  Metrics,
  Part,
  Poll,
  RuleInfo,
  RunConfig,
  SimulatorHandle,
  StepView,
} from "../engine/protocol";

/** Lets everything happen that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

export class FakeClock implements Clock {
  time = 0;
  private callback: (() => void) | null = null;
  private timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  requestFrame(callback: () => void): number {
    this.callback = callback;
    return 1;
  }

  cancelFrame(): void {
    this.callback = null;
  }

  takeSpent(): number {
    return 0;
  }

  get waiting(): boolean {
    return this.callback !== null;
  }

  /** Settles when the time has come; frames move it. */
  until(at: number): Promise<void> {
    return new Promise((resolve) => {
      this.timers.push({ at, run: resolve });
    });
  }

  /** Runs one animation frame and what happens until the next; returns how long it took. */
  async frame(): Promise<number> {
    const callback = this.callback;
    this.callback = null;
    const start = this.time;
    callback?.();
    const took = this.time - start;
    await settled();
    this.time = start + Math.max(took, 1000 / 60);
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.run();
    await settled();
    return took;
  }

  async frames(n: number): Promise<number[]> {
    const took: number[] = [];
    for (let i = 0; i < n; i++) took.push(await this.frame());
    return took;
  }
}

export function rule(id: string, extra: Partial<RuleInfo> = {}): RuleInfo {
  return {
    id,
    label: id.toUpperCase(),
    short: id.toUpperCase(),
    citation: "",
    equation: "",
    summary: "",
    hypers: [
      {
        key: "eta_w",
        label: "eta_W",
        unit: "",
        min: 1e-7,
        max: 0.1,
        log: true,
        help: "",
      },
    ],
    learns_feedback: false,
    direct: false,
    ...extra,
  };
}

export const RULES: readonly RuleInfo[] = [
  rule("np", { learns_feedback: true, regresses: true, perturbs: true }),
  rule("bp"),
  rule("fa"),
];

export function baseConfig(name: string): RunConfig {
  return {
    task: "autoencoder",
    sizes: [784, 200, 2, 200, 784],
    activations: ["tanh", "identity", "tanh", "relu"],
    loss: "squared_error",
    rule: name,
    feedback: "sgd",
    optimizer: "sgd",
    noise: "none",
    init: "gaussian",
    difference: "per_sample",
    batch: 32,
    seed: 1,
    warmup: 0,
    freeze_forward: false,
    probe: 256,
    eta_w: 1e-4,
    eta_b: 8e-6,
    c_h: 0.02,
    gamma: 0.1,
    kappa: 1e-4,
    input_noise: 0.3,
  };
}

export function metricsAt(step: number, loss = 100): Metrics {
  return {
    step,
    train_loss: loss,
    test_loss: loss,
    train_loss_per_sample: loss / 32,
    test_loss_per_sample: loss / 32,
    running_loss: null,
    train_accuracy: null,
    test_accuracy: null,
    layers: [
      {
        name: "W2",
        angle: 80,
        angle_code: 70,
        relative_error: 1.2,
        sign_agreement: 51,
        norm_w: 3,
        norm_b: 3,
      },
    ],
  };
}

interface Costs {
  readonly stepMs: number;
  readonly metricsMs: number;
  readonly divergeAt?: number;
  /** GPU time of a step. */
  readonly gpuStepMs?: number;
}

const LOST = "The GPU was lost.";

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** A GPU with one queue: submissions are done one after another and known a little later. */
export class FakeGpu implements GpuHandle {
  readonly name: string = "Fake GPU";
  readonly software: boolean = false;
  lost: string | undefined;
  /** Why runs may not move here, if they may not. */
  refuses: string | null = null;
  /** Between the end of work and the page's knowing of it, in ms. */
  latencyMs = 20;
  moveMs = 30;
  /** How far runs go back when the device is lost, in steps before the last that was confirmed. */
  goBack = 0;
  times: Calibration = { cpuMs: 1, gpuMs: 0.2 };
  calibrations = 0;
  private freeAt = 0;

  constructor(readonly clock: FakeClock) {}

  /** Takes work that lasts `ms`; returns when its results will be known. */
  queue(ms: number): number {
    this.freeAt = Math.max(this.freeAt, this.clock.time) + ms;
    return this.freeAt + this.latencyMs;
  }

  destroy(): void {
    this.lost = LOST;
  }
}

interface Submission {
  readonly step: number;
  readonly doneAt: number;
}

export class FakeSimulator implements SimulatorHandle {
  freed = false;
  hyper: HyperChanges = {};
  measuredAt: number[] = [];
  /** Parts that were asked to step alone. */
  parts: Part[] = [];
  /** Longest queue of submissions there was. */
  mostInFlight = 0;
  /** Steps of every submission that was taken. */
  submitted: number[] = [];
  /** Calls while something forbade them: after `free`, while leaving the GPU, a second of a kind. */
  misuse: string[] = [];
  readonly parameters = 1;
  readonly flopsPerStep = 1;
  private at = 0;
  private gpu: FakeGpu | null = null;
  private flight: Submission[] = [];
  private confirmed = 0;
  private timed = false;
  private pending = 0;
  private leaving = false;
  private readonly asked = new Set<string>();

  constructor(
    readonly config: RunConfig,
    private readonly clock: FakeClock,
    private readonly costs: Costs,
  ) {}

  get step(): number {
    return this.at;
  }

  set step(step: number) {
    this.at = step;
    this.confirmed = step;
  }

  get device(): Device {
    return this.gpu === null ? "cpu" : "gpu";
  }

  /** The run may go on meanwhile: its state is taken at the end. */
  async toGpu(gpu: FakeGpu): Promise<void> {
    this.use("toGpu");
    await this.under(async () => {
      await this.clock.until(this.clock.time + gpu.moveMs);
      const why = gpu.lost ?? gpu.refuses;
      if (why !== null) throw failure("gpu", why);
      this.gpu = gpu;
      this.flight = [];
      this.timed = false;
      this.confirmed = this.at;
    });
  }

  async toCpu(): Promise<void> {
    this.use("toCpu");
    this.leaving = true;
    await this.under(async () => {
      await this.clock.until(this.gpu?.queue(0) ?? this.clock.time);
      this.leaving = false;
      // Poll will tell.
      if (this.gpu?.lost !== undefined) return;
      this.gpu = null;
      this.flight = [];
      this.confirmed = this.at;
    });
  }

  async calibrate(gpu: FakeGpu): Promise<Calibration> {
    this.use("calibrate");
    return this.under(async () => {
      gpu.calibrations++;
      await this.clock.until(this.clock.time + 40);
      if (gpu.lost !== undefined) throw failure("gpu", gpu.lost);
      return gpu.times;
    });
  }

  poll(): Poll {
    this.use("poll");
    let note: string | null = null;
    const { gpu } = this;
    this.land();
    if (gpu?.lost !== undefined) {
      note = gpu.lost;
      this.gpu = null;
      this.flight = [];
      this.step = Math.max(0, this.confirmed - gpu.goBack);
    }
    const busy = this.flight.length >= 2;
    const msPerStep = this.gpu === null || !this.timed ? null : this.gpuStepMs;
    return { step: this.at, confirmed: this.confirmed, busy, msPerStep, note };
  }

  advance(steps: number): number {
    this.use("advance");
    if (this.gpu === null) {
      this.clock.time += steps * this.costs.stepMs;
      this.step += steps;
    } else {
      if (this.flight.length >= 2) return this.at;
      this.at += steps;
      this.flight.push({ step: this.at, doneAt: this.gpu.queue(steps * this.gpuStepMs) });
      this.submitted.push(steps);
      this.mostInFlight = Math.max(this.mostInFlight, this.flight.length);
    }
    if (this.costs.divergeAt !== undefined && this.step >= this.costs.divergeAt) {
      throw failure("diverged", "W2 is not a number");
    }
    return this.step;
  }

  advanceOnly(part: Part, steps: number): Promise<number> {
    this.parts.push(part);
    return this.under(async () => {
      await this.clock.until(this.gpu?.queue(0) ?? this.clock.time);
      if (this.gpu?.lost !== undefined) throw failure("gpu", this.gpu.lost);
      this.step += steps;
      return this.step;
    });
  }

  setHyper(changes: HyperChanges): void {
    this.use("setHyper");
    if ("gamma" in changes) throw failure("config", "unknown key");
    this.hyper = { ...this.hyper, ...changes };
  }

  metrics(): Promise<Metrics> {
    this.measuredAt.push(this.at);
    return this.read("metrics", this.costs.metricsMs, metricsAt(this.at));
  }

  weights(): Promise<Float32Array> {
    return this.read("weights", 0, Float32Array.of(this.at));
  }

  feedbackWeights(): Promise<Float32Array | undefined> {
    return this.read("feedbackWeights", 0, Float32Array.of(this.at));
  }

  /** One sample through one unit. */
  nextStep(): Promise<StepView> {
    const one = Float32Array.of(1);
    const layer: LayerView = {
      units: 1,
      h: one,
      noisy: one,
      xi: one,
      lambdaHat: one,
      lambda: one,
      truth: one,
      e: one,
      dW: one,
      dB: one,
    };
    const view: StepView = {
      step: this.at,
      samples: Uint32Array.of(0),
      input: one,
      loss: one,
      difference: one,
      layers: [layer],
    };
    return this.read("nextStep", 0, view);
  }

  respond(image: Float32Array): Promise<Float32Array[]> {
    return this.read("respond", 0, [image]);
  }

  decode(code: Float32Array): Promise<Float32Array> {
    return this.read("decode", 0, code);
  }

  estimates(_layer: number, _unit: number, count: number): Promise<Estimates> {
    const values = Float32Array.from({ length: count }, (_, i) => i);
    return this.read("estimates", 0, { truth: values, estimate: values, delivered: values });
  }

  gradientCheck(): Promise<GradientCheck> {
    return this.read("gradientCheck", 0, { layers: [{ name: "W1", checked: 1, worst: 0 }] });
  }

  outputs(): Promise<Float32Array> {
    return this.read("outputs", 0, new Float32Array(4));
  }

  latent(): Promise<Float32Array> {
    return this.read("latent", 0, new Float32Array(4));
  }

  save(): Promise<Uint8Array> {
    return this.read("save", 0, Uint8Array.of(this.at & 255));
  }

  checksum(): Promise<string> {
    return this.read("checksum", 0, String(this.at));
  }

  free(): void {
    if (this.pending > 0) this.misuse.push("free while something is pending");
    this.use("free");
    this.freed = true;
  }

  private get gpuStepMs(): number {
    return this.costs.gpuStepMs ?? this.costs.stepMs / 5;
  }

  private land(): void {
    if (this.gpu === null) return;
    const landed = this.flight.filter(({ doneAt }) => doneAt <= this.clock.time);
    this.flight = this.flight.filter(({ doneAt }) => doneAt > this.clock.time);
    this.confirmed = landed.at(-1)?.step ?? this.confirmed;
    this.timed ||= landed.length > 0;
  }

  /** An answer of this moment: here at once, from the GPU when it is through with what came before. */
  private read<T>(what: string, ms: number, answer: T): Promise<T> {
    this.use(what);
    const { gpu } = this;
    if (gpu === null) {
      this.clock.time += ms;
      return this.under(() => Promise.resolve(answer));
    }
    if (this.asked.has(what)) this.misuse.push(`${what} twice`);
    this.asked.add(what);
    const doneAt = gpu.queue(0.1);
    return this.under(async () => {
      await this.clock.until(doneAt);
      this.asked.delete(what);
      if (gpu.lost !== undefined) throw failure("gpu", gpu.lost);
      return answer;
    });
  }

  private async under<T>(f: () => Promise<T>): Promise<T> {
    this.pending++;
    try {
      return await f();
    } finally {
      this.pending--;
    }
  }

  private use(what: string): void {
    if (this.freed) this.misuse.push(`${what} after free`);
    if (this.leaving) this.misuse.push(`${what} while leaving the GPU`);
  }
}

export const fakeData: DatasetHandle = {
  name: "fake",
  trainCount: 10,
  testCount: 10,
  rows: 1,
  cols: 1,
  channels: 1,
  classes: 10,
  image: () => new Uint8Array(1),
  labels: () => new Uint8Array(10),
  free: () => undefined,
};

/** A core whose runs cost what `costs` says for their rule, and its GPU. */
export function fakeCore(
  clock: FakeClock,
  costs: (rule: string) => Costs,
): { core: Core; sims: FakeSimulator[]; gpu: FakeGpu } {
  const gpu = new FakeGpu(clock);
  const sims: FakeSimulator[] = [];
  const make = (config: RunConfig): FakeSimulator => {
    const sim = new FakeSimulator(config, clock, costs(config.rule));
    sims.push(sim);
    return sim;
  };
  const core: Core = {
    rules: () => [...RULES],
    defaultConfig: (_task, name) => baseConfig(name),
    randomSeed: () => 42,
    version: () => "0",
    packed: () => ({
      push: () => undefined,
      images: 0,
      dataset: () => fakeData,
      finish: () => fakeData,
      free: () => undefined,
    }),
    loader: () => {
      throw new Error("not in this test");
    },
    simulator: (config) => make(config),
    restore: (blob) => {
      if (blob[0] === 255) throw failure("snapshot", "damaged");
      const sim = make(baseConfig("np"));
      sim.step = blob[0] ?? 0;
      return sim;
    },
    gpu: () => Promise.resolve(gpu),
  };
  return { core, sims, gpu };
}
