/**
 * What an embedding page may rely on. This file is published as the package's declarations, so it stands
 * alone: no imports, no code.
 */

/** Where a run is. */
export type CreditLabPhase =
  /** The digits are still being loaded. */
  | "loading"
  | "ready"
  | "running"
  /** Doing the steps that `step(n)` asked for. */
  | "stepping"
  | "paused"
  | "finished"
  /** It cannot run at all; the reason came as an `error` event and stands in the element. */
  | "failed";

/** One rule's progress. */
export interface CreditLabRuleStatus {
  readonly rule: string;
  readonly step: number;
  readonly device: "cpu" | "gpu";
  /** Why it stopped, if it did. */
  readonly stopped: { readonly code: string; readonly message: string } | null;
}

export interface CreditLabStatus {
  readonly phase: CreditLabPhase;
  /** Holding because it is out of sight or its tab is hidden; it goes on by itself. */
  readonly suspended: boolean;
  /** Of the foremost rule. */
  readonly iteration: number;
  readonly iterationsPerSecond: number | null;
  readonly elapsedMs: number;
  readonly rules: readonly CreditLabRuleStatus[];
}

/** Rates that can change while a run goes on. */
export interface CreditLabHyperparameters {
  /** Learning rate of the forward weights W. */
  eta_w?: number;
  /** Learning rate of the feedback weights B. */
  eta_b?: number;
  /** Standard deviation of the noise on hidden activity. */
  c_h?: number;
  /** Weight decay of matched updates. */
  kappa?: number;
  /** Standard deviation of the noise on the inputs. */
  input_noise?: number;
}

export interface CreditLabConfig {
  readonly task: "autoencoder" | "classifier";
  readonly rules: readonly string[];
  readonly seed: number;
  /** Rates that differ from their defaults, a rule each. */
  readonly rates: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The whole configuration as in an address, also good for the attribute `params`. */
  readonly params: string;
}

export interface CreditLabStepDetail {
  readonly iteration: number;
  readonly iterationsPerSecond: number | null;
}

/** Feedback of one layer, measured against backpropagation on the same weights. */
export interface CreditLabLayerMetrics {
  /** "W2": the matrix above the first hidden layer. */
  readonly name: string;
  /** Between the error that B delivers and the true gradient; degrees, 0 to 180. */
  readonly angle: number | null;
  /** |W − B| / |W|, Frobenius norms. */
  readonly relative_error: number | null;
  /** Percent. */
  readonly sign_agreement: number | null;
}

export interface CreditLabMetricsDetail {
  readonly rule: string;
  readonly step: number;
  /** Losses without noise, for a batch of 32 digits. */
  readonly train_loss: number;
  readonly test_loss: number;
  /** Percent; classifier only. */
  readonly train_accuracy: number | null;
  readonly test_accuracy: number | null;
  readonly layers: readonly CreditLabLayerMetrics[];
}

export interface CreditLabErrorDetail {
  /**
   * `attributes`: a value was not used as given. `core`: the simulator could not be loaded. `digits`: the
   * images could not. `diverged`, `config`, `gpu`, `internal` ...: a rule was stopped.
   */
  readonly code: string;
  readonly message: string;
  readonly rule?: string;
}

export interface CreditLabEventMap {
  /** The digits are here; a run can begin. */
  ready: CustomEvent<CreditLabStatus>;
  /** At most once an animation frame. */
  step: CustomEvent<CreditLabStepDetail>;
  /** One measurement of one rule. */
  metrics: CustomEvent<CreditLabMetricsDetail>;
  /** Phase or suspension changed. */
  state: CustomEvent<CreditLabStatus>;
  /** The iteration of the attribute `stop` was reached. */
  finished: CustomEvent<CreditLabStepDetail>;
  error: CustomEvent<CreditLabErrorDetail>;
}

/** `<credit-lab>`. Calls made before `ready` are carried out then, in their order. */
export interface CreditLabElement extends HTMLElement {
  /** Trains; out of sight it waits until it is seen. */
  run(): void;
  pause(): void;
  /** Back to iteration 0, with the present settings: the same seed gives the same run. */
  reset(): void;
  /** Exactly `n` iterations (1 if left out), then a measurement and a pause. */
  step(n?: number): void;
  /** The run as a file that `restore` and the simulator's own page go on from; rejects when there is none. */
  snapshot(): Promise<Uint8Array>;
  /** Goes on with a saved run; rejects, and changes nothing, when the bytes are not one that fits. */
  restore(bytes: Uint8Array): Promise<void>;
  /** For one rule, or for every rule shown that has these rates. Throws a RangeError on a bad rule, name or value. */
  setHyperparameters(rates: CreditLabHyperparameters, rule?: string): void;
  readonly status: CreditLabStatus;
  readonly config: CreditLabConfig;
  addEventListener<K extends keyof CreditLabEventMap>(
    type: K,
    listener: (this: CreditLabElement, event: CreditLabEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof CreditLabEventMap>(
    type: K,
    listener: (this: CreditLabElement, event: CreditLabEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "credit-lab": CreditLabElement;
  }
}
