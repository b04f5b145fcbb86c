/**
 * The words that the page and the simulation engine exchange: configurations, metrics, events.
 *
 * Everything here is plain data or a narrow interface over the wasm classes, so that the engine can
 * move into a worker, or be replaced by a fake in a test, without a change to any view.
 * Shapes: matrices are row major, batch first.
 */

// One source for the shapes that cross from the core: the file the generated glue carries.
import type { Metrics, RunConfig, Task } from "../../../crate/src/web/types";

export type { LayerMetrics, Metrics, RunConfig, Task } from "../../../crate/src/web/types";

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
  readonly classes: number;
  image(split: Split, index: number): Uint8Array;
  labels(split: Split): Uint8Array;
  free(): void;
}

export type IdxRole = "train-images" | "train-labels" | "test-images" | "test-labels";

export interface IdxLoaderHandle {
  begin(fileName: string): void;
  push(chunk: Uint8Array): void;
  end(): { role: IdxRole; items: number };
  missing(): string[];
  finish(): DatasetHandle;
  free(): void;
}

export interface SimulatorHandle {
  readonly config: RunConfig;
  readonly step: number;
  readonly parameters: number;
  readonly flopsPerStep: number;
  advance(steps: number): number;
  setHyper(changes: HyperChanges): void;
  metrics(): Metrics;
  outputs(split: Split, indices: Uint32Array): Float32Array;
  latent(split: Split, count: number): Float32Array;
  save(): Uint8Array;
  checksum(): string;
  free(): void;
}

/** The wasm module as the page sees it; `core.ts` is the only file that knows the generated glue. */
export interface Core {
  rules(): RuleInfo[];
  /** The paper's (or the authors' code's) values; some rates follow the optimiser. */
  defaultConfig(task: Task, rule: string, optimizer: RunConfig["optimizer"]): RunConfig;
  randomSeed(): number;
  version(): string;
  embedded(packed: Uint8Array): DatasetHandle;
  idxLoader(): IdxLoaderHandle;
  simulator(config: RunConfig, data: DatasetHandle): SimulatorHandle;
  restore(blob: Uint8Array, data: DatasetHandle): SimulatorHandle;
}

export type CoreErrorCode = "config" | "data" | "snapshot" | "diverged" | "shape" | "internal";

const CODES: readonly string[] = ["config", "data", "snapshot", "diverged", "shape", "internal"];

/** Whatever was thrown, as a stable code and one sentence; a wasm trap counts as `internal`. */
export function coreError(thrown: unknown): { code: CoreErrorCode; message: string } {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (typeof code === "string" && CODES.includes(code)) {
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
  | { readonly type: "finished"; readonly iteration: number };

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
