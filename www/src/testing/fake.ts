/** Stand-ins for tests: a clock that moves when told, and runs whose every step takes a stated time. */
import type { Clock } from "../engine/engine";
import type {
  Core,
  DatasetHandle,
  HyperChanges,
  Metrics,
  RuleInfo,
  RunConfig,
  SimulatorHandle,
} from "../engine/protocol";

export class FakeClock implements Clock {
  time = 0;
  private callback: (() => void) | null = null;

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

  /** Runs one animation frame and returns how long it took. */
  frame(): number {
    const callback = this.callback;
    this.callback = null;
    const start = this.time;
    callback?.();
    const took = this.time - start;
    this.time = start + Math.max(took, 1000 / 60);
    return took;
  }

  frames(n: number): number[] {
    return Array.from({ length: n }, () => this.frame());
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
}

export class FakeSimulator implements SimulatorHandle {
  step = 0;
  freed = false;
  hyper: HyperChanges = {};
  measuredAt: number[] = [];
  readonly parameters = 1;
  readonly flopsPerStep = 1;

  constructor(
    readonly config: RunConfig,
    private readonly clock: FakeClock,
    private readonly costs: Costs,
  ) {}

  advance(steps: number): number {
    this.clock.time += steps * this.costs.stepMs;
    this.step += steps;
    if (this.costs.divergeAt !== undefined && this.step >= this.costs.divergeAt) {
      throw Object.assign(new Error("W2 is not a number"), { code: "diverged" });
    }
    return this.step;
  }

  setHyper(changes: HyperChanges): void {
    if ("gamma" in changes) throw Object.assign(new Error("unknown key"), { code: "config" });
    this.hyper = { ...this.hyper, ...changes };
  }

  metrics(): Metrics {
    this.clock.time += this.costs.metricsMs;
    this.measuredAt.push(this.step);
    return metricsAt(this.step);
  }

  outputs(): Float32Array {
    return new Float32Array(4);
  }

  latent(): Float32Array {
    return new Float32Array(4);
  }

  save(): Uint8Array {
    return Uint8Array.of(this.step & 255);
  }

  checksum(): string {
    return String(this.step);
  }

  free(): void {
    this.freed = true;
  }
}

export const fakeData: DatasetHandle = {
  name: "fake",
  trainCount: 10,
  testCount: 10,
  rows: 1,
  cols: 1,
  classes: 10,
  image: () => new Uint8Array(1),
  labels: () => new Uint8Array(10),
  free: () => undefined,
};

/** A core whose runs cost what `costs` says for their rule. */
export function fakeCore(
  clock: FakeClock,
  costs: (rule: string) => Costs,
): { core: Core; sims: FakeSimulator[] } {
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
    embedded: () => fakeData,
    idxLoader: () => {
      throw new Error("not in this test");
    },
    simulator: (config) => make(config),
    restore: (blob) => {
      if (blob[0] === 255) throw Object.assign(new Error("damaged"), { code: "snapshot" });
      const sim = make(baseConfig("np"));
      sim.step = blob[0] ?? 0;
      return sim;
    },
  };
  return { core, sims };
}
