
export type Task = "autoencoder" | "classifier";

/** A run's complete configuration: the same on the command line, in snapshots and here. */
export interface RunConfig {
  task: Task;
  /** Units of every layer, input first. */
  sizes: number[];
  /** One for each weight layer. */
  activations: ("identity" | "sigmoid" | "tanh" | "relu" | "softmax")[];
  /** `cross_entropy` goes with a softmax output. */
  loss: "squared_error" | "cross_entropy";
  /** RuleInfo.id */
  rule: string;
  feedback: "sgd" | "ridge";
  optimizer: "sgd" | "adam";
  noise: "none" | "activations" | "inputs";
  init: "gaussian" | "truncated_normal";
  difference: "per_sample" | "per_batch";
  batch: number;
  /** Whole number, 0 to 2^53 - 1. */
  seed: number;
  /** Seed of the first weights, where it is not `seed`. */
  init_seed?: number;
  /** What losses and errors are measured on; clean where it is not said. */
  evaluate?: "clean" | "noisy";
  /** First steps in which only the feedback learns. */
  warmup: number;
  freeze_forward: boolean;
  /** Samples of the metric probe, from the training and the test set each. */
  probe: number;
  eta_w: number;
  eta_b: number;
  c_h: number;
  gamma: number;
  kappa: number;
  input_noise: number;
}

/** The rates that may change while a run goes on. */
export type Hyper = Pick<RunConfig, "eta_w" | "eta_b" | "c_h" | "kappa" | "input_noise">;

export interface HyperInfo {
  key: keyof Hyper;
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
  perturbs: boolean;
  regresses: boolean;
  has_feedback: boolean;
}

export interface LayerMetrics {
  /** "W2": the matrix above the hidden layer. */
  name: string;
  /** Degrees, 0 to 180. */
  angle: number | null;
  angle_code: number | null;
  relative_error: number | null;
  /** Percent. */
  sign_agreement: number | null;
  norm_w: number;
  norm_b: number | null;
}

export interface Metrics {
  step: number;
  /** Losses in the paper's unit: noise-free, on the probe, for a batch of 32. */
  train_loss: number;
  test_loss: number;
  train_loss_per_sample: number;
  test_loss_per_sample: number;
  /** Mean over the training batches since the last metrics, for a batch of 32. */
  running_loss: number | null;
  /** Percent; classifier only. */
  train_accuracy: number | null;
  test_accuracy: number | null;
  layers: LayerMetrics[];
}

/** One layer in a `StepView`; samples first, row major. What the rule does not have is null. */
export interface LayerView {
  readonly units: number;
  /** Activity in the clean pass: N × units. */
  readonly h: Float32Array;
  /** Activity in the perturbed pass: N × units. */
  readonly noisy: Float32Array | null;
  /** The noise itself, of variance 1: N × units. */
  readonly xi: Float32Array | null;
  /** Estimate of the gradient on the activity, (L~ − L) ξ / c_h: N × units. */
  readonly lambdaHat: Float32Array | null;
  /** Gradient on the activity as this rule delivers it from above, Bᵀe: N × units. */
  readonly lambda: Float32Array | null;
  /** True gradient on the activity: N × units; null at the output. */
  readonly truth: Float32Array | null;
  /** Error signal e = λ ∘ σ′: N × units. */
  readonly e: Float32Array;
  /** Gradient of the batch for W of this layer, units × inputs; null while W waits. */
  readonly dW: Float32Array | null;
  /** Gradient for B into this layer from its error (row B^layer), units × inputs; null without SGD feedback. */
  readonly dB: Float32Array | null;
}

/** The training step that comes next, laid open. The run is not touched: `advance(1)` will do exactly this. */
export interface StepView {
  /** Steps done before it. */
  readonly step: number;
  /** The batch, as positions in the training set: N. */
  readonly samples: Uint32Array;
  /** N × inputs, as the network receives them (0 to 1, with input noise if there is any). */
  readonly input: Float32Array;
  /** Loss of each sample in the clean pass: N. */
  readonly loss: Float32Array;
  /** What each sample is credited with, L~ − L: N; null for rules that do not perturb. */
  readonly difference: Float32Array | null;
  /** From the first hidden layer to the output. */
  readonly layers: readonly LayerView[];
}

/** Estimates of one unit's gradient beside the truth, over samples of the batches that come next. */
export interface Estimates {
  /** dL/dh of the unit by backpropagation, a sample each. */
  readonly truth: Float32Array;
  /** (L~ − L) ξ / c_h. */
  readonly estimate: Float32Array;
  /** What feedback delivers for the unit; null where the rule has none. */
  readonly delivered: Float32Array | null;
}

/** Backpropagation against central finite differences in double precision. */
export interface GradientCheck {
  /** One row a weight matrix: "W1" ... */
  readonly layers: readonly {
    readonly name: string;
    readonly checked: number;
    /** Largest |analytic − numeric| / max(|analytic|, |numeric|, 1e-8) of the weights drawn. */
    readonly worst: number;
  }[];
}

export type SplitName = "train" | "test";
export interface FileReport {
  role:
    | "train-images"
    | "train-labels"
    | "test-images"
    | "test-labels"
    | "train-batch"
    | "test-batch"
    | "train-table"
    | "test-table"
    | "archive";
  items: number;
}

/** How far a run is; see `Simulator.poll`. */
export interface Poll {
  /** Steps done; on the GPU, submitted. */
  step: number;
  /** Steps whose losses have come back. */
  confirmed: number;
  /** Two submissions are under way: `advance` would do nothing. */
  busy: boolean;
  /** Measured GPU time of a step, null on the processor and before the first result. */
  msPerStep: number | null;
  /** Compute dispatches of a step, 0 on the processor. */
  dispatches: number;
  /** Bytes read back by all runs on the same GPU. */
  readbackBytes: number;
  /** Once, when the run has left the GPU by itself: why, in a sentence. */
  note: string | null;
}

/** A number of a row of metrics; see `Metrics` for units. */
export type Metric =
  | "test_loss"
  | "running_loss"
  | "test_error"
  | "test_accuracy"
  | "relative_error"
  | "angle"
  | "sign_agreement";

/** An experiment of the paper, as data: which runs, what to draw of them, and the paper's numbers. */
export interface Preset {
  /** Name on the command line and in URLs. */
  id: string;
  /** Folder of its runs on the command line. */
  runs: string;
  /** Width of its convolutional networks, where it has any; 1 is the paper's. */
  width: number | null;
  /** "Figure 2" */
  source: string;
  title: string;
  about: string;
  data:
    | "mnist"
    | "cifar10"
    | "cifar100"
    | { synthetic: { inputs: number; classes: number; samples: number } };
  arms: PresetArm[];
  /** Steps in full, and steps that show the point in a browser. */
  steps: number;
  quick_steps: number;
  /** Runs of each arm in the paper. */
  seeds: number;
  /** Steps between rows of metrics. */
  every: number;
  panels: PresetPanel[];
  table: PresetTable | null;
  references: PresetReference[];
}

/** One curve: a configuration, run from several seeds. */
export interface PresetArm {
  id: string;
  label: string;
  config: RunConfig;
  /** Position on the axis of a panel that compares arms. */
  x: number | null;
  /** Row and column of the table. */
  cell: [string, string] | null;
}

export interface PresetPanel {
  /** The paper's letter, or "". */
  letter: string;
  title: string;
  metric: Metric;
  /** Hidden layer, from 0, for metrics of a layer. */
  layer: number | null;
  axis: "steps" | "log_steps" | { arms: { label: string } };
  /** Logarithmic upwards. */
  log: boolean;
  /** A value that means something, and what. */
  mark: [number, string] | null;
  /** Moving average over so many rows, for drawing only. */
  smooth: number;
}

export interface PresetTable {
  title: string;
  metric: Metric;
  /** The best row of a run, or its last. */
  statistic: "best" | "final";
  rows: string[];
  columns: string[];
  /** Smaller is better. */
  descending: boolean;
}

/** A number to compare with. */
export interface PresetReference {
  /** Null: all arms. */
  arm: string | null;
  metric: Metric;
  layer: number | null;
  value: number;
  error: number | null;
  /** "Table 2a", "notebook" ... */
  source: string;
  /** Read off a plot. */
  approximate: boolean;
}
