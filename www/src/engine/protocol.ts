/**
 * The words that the page and the simulation engine exchange: configurations, metrics, events.
 *
 * Everything here is plain data or a narrow interface over the wasm classes, so that the engine can
 * move into a worker, or be replaced by a fake in a test, without a change to any view.
 * Shapes: matrices are row major, batch first.
 */

// One source for the shapes that cross from the core: the file the generated glue carries.
import type {
  Estimates,
  FileReport,
  GradientCheck,
  Metrics,
  RunConfig,
  StepView,
  Task,
} from "../../../crate/src/web/types";

export type {
  Estimates,
  GradientCheck,
  LayerMetrics,
  LayerView,
  Metrics,
  RunConfig,
  StepView,
  Task,
} from "../../../crate/src/web/types";

export type Activation = RunConfig["activations"][number];
export type HyperKey = "eta_w" | "eta_b" | "c_h" | "gamma" | "kappa" | "input_noise";
export type Split = "train" | "test";

/** What may change while a run goes on; the ridge is built into the regression's running sums. */
export type LiveKey = Exclude<HyperKey, "gamma">;
export type HyperChanges = Partial<Pick<RunConfig, LiveKey>>;

export interface HyperInfo {
  key: HyperKey;
  label: string;
  unit: string;
  min: number;
  max: number;
  log: boolean;
  help: string;
}

export interface RuleInfo {
  id: string;
  label: string;
  short: string;
  citation: string;
  equation: string;
  summary: string;
  hypers: HyperInfo[];
  learns_feedback: boolean;
  direct: boolean;
  /** Perturbs hidden activity by itself, so no other noise may be put on it. */
  perturbs?: boolean;
  /** Fits B to a target, so that ridge regression is possible. */
  regresses?: boolean;
  /** B is a matrix of its own. */
  has_feedback?: boolean;
}

export interface DatasetHandle {
  readonly name: string;
  readonly trainCount: number;
  readonly testCount: number;
  readonly rows: number;
  readonly cols: number;
  /** Values a pixel: 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  readonly classes: number;
  /** rows × cols × channels, 0 to 255. */
  image(split: Split, index: number): Uint8Array;
  labels(split: Split): Uint8Array;
  free(): void;
}

export type FileRole = FileReport["role"];

/** Takes the files of one data set, in any order: MNIST's four, or CIFAR's. */
export interface LoaderHandle {
  begin(fileName: string): void;
  push(chunk: Uint8Array): void;
  end(): FileReport;
  missing(): string[];
  finish(): DatasetHandle;
  free(): void;
}

/** Where a run computes. */
export type Device = "cpu" | "gpu";

/** A GPU device; one serves all runs of the page. */
export interface GpuHandle {
  readonly name: string;
  /** A software adapter: correct, but as a rule slower than the processor. */
  readonly software: boolean;
  /** Why the device is gone, once it is. */
  readonly lost: string | undefined;
}

/** What a run knows about its work on the GPU; on the processor nothing is ever under way. */
export interface Poll {
  /** Submitted. */
  readonly step: number;
  /** Steps known to have been done. */
  readonly confirmed: number;
  /** Two submissions are in flight: `advance` would do nothing now. */
  readonly busy: boolean;
  /** GPU time of a step, in ms; null before the first result. */
  readonly msPerStep: number | null;
  /** Once, when the run has moved to the processor by itself: one sentence. `step` may have gone back. */
  readonly note: string | null;
}

/** Milliseconds a step on both paths. */
export interface Calibration {
  readonly cpuMs: number;
  readonly gpuMs: number;
}

/** The weights that change in a step, where not all do: W and b, or B. */
export type Part = "forward" | "feedback";

/**
 * One run. It begins on the processor, where `advance` returns when the steps are done and a promise is
 * settled when it is handed out; on the GPU both only enqueue, and numbers are those of the moment asked.
 */
export interface SimulatorHandle {
  readonly config: RunConfig;
  readonly step: number;
  readonly parameters: number;
  readonly flopsPerStep: number;
  readonly device: Device;
  toGpu(gpu: GpuHandle): Promise<void>;
  toCpu(): Promise<void>;
  calibrate(gpu: GpuHandle): Promise<Calibration>;
  advance(steps: number): number;
  /** Steps in which only these weights change, after everything submitted: the number of steps done in all. */
  advanceOnly(part: Part, steps: number): Promise<number>;
  poll(): Poll;
  setHyper(changes: HyperChanges): void;
  metrics(): Promise<Metrics>;
  outputs(split: Split, indices: Uint32Array): Promise<Float32Array>;
  latent(split: Split, count: number): Promise<Float32Array>;
  /** W of a layer, counted from 1, row major, units × inputs. */
  weights(layer: number): Promise<Float32Array>;
  /** B of a layer, counted from 2; undefined where the rule has none. Direct feedback: outputs × units below. */
  feedbackWeights(layer: number): Promise<Float32Array | undefined>;
  nextStep(): Promise<StepView>;
  /** Activities of all layers, first hidden to output, for one image that need not be in any set (0 to 1). */
  respond(image: Float32Array): Promise<Float32Array[]>;
  /** The output that the layers above the code layer make of a code. */
  decode(code: Float32Array): Promise<Float32Array>;
  /** `layer`: hidden, from 1; `unit` from 0; about `count` samples. */
  estimates(layer: number, unit: number, count: number): Promise<Estimates>;
  gradientCheck(): Promise<GradientCheck>;
  save(): Promise<Uint8Array>;
  checksum(): Promise<string>;
  free(): void;
}

/** The digits that come with the page, as they arrive. */
export interface PackedHandle {
  push(piece: Uint8Array): void;
  /** In the parts that are complete. */
  readonly images: number;
  /** Those parts as a data set. */
  dataset(): DatasetHandle;
  /** All, or an error. */
  finish(): DatasetHandle;
  free(): void;
}

/** The wasm module as the page sees it; `core.ts` is the only file that knows the generated glue. */
export interface Core {
  rules(): RuleInfo[];
  /** The paper's (or the authors' code's) values; some rates follow the optimiser. */
  defaultConfig(task: Task, rule: string, optimizer: RunConfig["optimizer"]): RunConfig;
  randomSeed(): number;
  version(): string;
  packed(): PackedHandle;
  loader(): LoaderHandle;
  simulator(config: RunConfig, data: DatasetHandle): SimulatorHandle;
  restore(blob: Uint8Array, data: DatasetHandle): SimulatorHandle;
  /** The page's GPU device, the same to everybody who asks; rejects (code "gpu") with one sentence. */
  gpu(): Promise<GpuHandle>;
}

const CODES = ["config", "data", "snapshot", "diverged", "shape", "gpu", "internal"] as const;

export type CoreErrorCode = (typeof CODES)[number];

/** Whatever was thrown, as a stable code and one sentence; a wasm trap counts as `internal`. */
export function coreError(thrown: unknown): { code: CoreErrorCode; message: string } {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (typeof code === "string" && (CODES as readonly string[]).includes(code)) {
    return { code: code as CoreErrorCode, message };
  }
  return { code: "internal", message };
}

/** One rule inside the engine, as the views see it. */
export interface LaneStatus {
  readonly rule: string;
  readonly step: number;
  readonly msPerStep: number | null;
  readonly stopped: { readonly code: CoreErrorCode; readonly message: string } | null;
  readonly device: Device;
  /** On its way from one device to the other. */
  readonly moving: boolean;
}

export type Phase = "empty" | "ready" | "running" | "stepping" | "paused" | "finished";

export interface EngineStatus {
  readonly phase: Phase;
  /** True while a hidden tab holds a run that will go on by itself. */
  readonly suspended: boolean;
  /** Iterations of the foremost rule. */
  readonly iteration: number;
  readonly perSecond: number | null;
  readonly elapsedMs: number;
  readonly etaMs: number | null;
  readonly lanes: readonly LaneStatus[];
}

export type EngineEvent =
  | { readonly type: "status"; readonly status: EngineStatus }
  | { readonly type: "metrics"; readonly rule: string; readonly metrics: Metrics }
  | {
      readonly type: "outputs";
      readonly rule: string;
      readonly step: number;
      readonly indices: Uint32Array;
      readonly values: Float32Array;
    }
  | {
      readonly type: "latent";
      readonly rule: string;
      readonly step: number;
      readonly count: number;
      readonly values: Float32Array;
    }
  | {
      readonly type: "lane-stopped";
      readonly rule: string;
      readonly step: number;
      readonly code: CoreErrorCode;
      readonly message: string;
    }
  | { readonly type: "finished"; readonly iteration: number }
  /** Every rule has done a step in which only these weights changed. */
  | { readonly type: "part"; readonly part: Part; readonly iteration: number }
  /** Runs were made, restored or taken away. */
  | { readonly type: "lanes" }
  /** These rules have moved to the processor by themselves. */
  | { readonly type: "fell-back"; readonly rules: readonly string[]; readonly note: string }
  /** A rule goes on from an earlier iteration than it had reached; measurements beyond it are void. */
  | { readonly type: "rewound"; readonly rule: string; readonly step: number }
  /** A rule could not move to the GPU and stays on the processor. */
  | { readonly type: "stayed"; readonly rule: string; readonly message: string };

/** What the scheduler may spend and where it has to stop. */
export interface Pace {
  /** Time for training and measuring within one animation frame, in ms. */
  readonly budgetMs: number;
  /** Iterations between two measurements. */
  readonly interval: number;
  /** Iteration at which the run ends; 0 means never. */
  readonly stopAt: number;
}

/** Which pictures anybody is looking at; nothing else is read out of the core. */
export interface Readouts {
  readonly outputs: Uint32Array | null;
  readonly latentCount: number;
}
