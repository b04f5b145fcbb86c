/**
 * What one instance knows: configuration, bounded history of measurements, latest pictures, status.
 *
 * The history keeps at most MAX_FRAMES points a rule. When one overflows, the grain of the x axis is
 * doubled for all rules at once, so curves keep sharing their x and the newest point is always there.
 * No module-level state and no DOM; views subscribe to a topic and read.
 */
import type { PageConfig } from "./config";
import { EMPTY_CONFIG } from "./config";
import type { Pin } from "./data/pins";
import type {
  DatasetHandle,
  EngineStatus,
  LayerMetrics,
  Metrics,
  RuleInfo,
} from "./engine/protocol";

export type {
  EngineStatus,
  HyperInfo,
  HyperKey,
  LayerMetrics,
  Metrics,
  RuleInfo,
  Task,
} from "./engine/protocol";

/** Points per rule and chart; more than twice the pixels of the widest chart. */
export const MAX_FRAMES = 1500;

interface Series {
  kept: Metrics[];
  /** Newest point when it falls into the same grain as the last kept one. */
  tail: Metrics | null;
}

export class History {
  private readonly series = new Map<string, Series>();
  /** Width of one x bucket in iterations; 0 keeps every point. */
  private grain = 0;

  constructor(private readonly maxFrames: number = MAX_FRAMES) {}

  push(rule: string, metrics: Metrics): void {
    const series = this.series.get(rule) ?? { kept: [], tail: null };
    this.series.set(rule, series);
    const last = series.kept.at(-1);
    if (last !== undefined && metrics.step === last.step) {
      series.kept[series.kept.length - 1] = metrics;
      return;
    }
    if (last !== undefined && this.bucket(last.step) === this.bucket(metrics.step)) {
      series.tail = metrics;
      return;
    }
    series.kept.push(metrics);
    series.tail = null;
    if (series.kept.length > this.maxFrames) this.thin(metrics.step);
  }

  frames(rule: string): readonly Metrics[] {
    const series = this.series.get(rule);
    if (series === undefined) return [];
    return series.tail === null ? series.kept : [...series.kept, series.tail];
  }

  latest(rule: string): Metrics | undefined {
    const series = this.series.get(rule);
    return series?.tail ?? series?.kept.at(-1);
  }

  rules(): string[] {
    return [...this.series.keys()];
  }

  remove(rule: string): void {
    this.series.delete(rule);
  }

  /** Forgets what was measured after `step`: the rule goes on from there. */
  rewind(rule: string, step: number): void {
    const series = this.series.get(rule);
    if (series === undefined) return;
    series.kept = series.kept.filter((m) => m.step <= step);
    if (series.tail !== null && series.tail.step > step) series.tail = null;
  }

  clear(): void {
    this.series.clear();
    this.grain = 0;
  }

  private bucket(step: number): number {
    return this.grain === 0 ? step : Math.floor(step / this.grain);
  }

  private thin(span: number): void {
    this.grain = Math.max(this.grain * 2, Math.ceil((2 * span) / this.maxFrames));
    for (const series of this.series.values()) {
      const newest = series.tail ?? series.kept.at(-1) ?? null;
      const kept: Metrics[] = [];
      for (const m of series.kept) {
        const last = kept.at(-1);
        if (last === undefined || this.bucket(last.step) !== this.bucket(m.step)) kept.push(m);
      }
      series.kept = kept;
      series.tail = newest === kept.at(-1) ? null : newest;
    }
  }
}

export interface Column {
  /** Of one rule, in order of their steps. */
  readonly frames: readonly Metrics[];
  readonly pick: (m: Metrics) => number | null;
}

/** Columns of one chart: the union of all curves' iterations, null where one has no point. */
export function columns(lines: readonly Column[]): { x: number[]; ys: (number | null)[][] } {
  const steps = new Set<number>();
  for (const frames of new Set(lines.map((l) => l.frames)))
    for (const m of frames) steps.add(m.step);
  const x = [...steps].sort((a, b) => a - b);
  const at = new Map(x.map((step, i) => [step, i]));
  const ys = lines.map(({ frames, pick }) => {
    const y = new Array<number | null>(x.length).fill(null);
    for (const m of frames) {
      const i = at.get(m.step);
      const v = pick(m);
      if (i !== undefined) y[i] = v !== null && Number.isFinite(v) ? v : null;
    }
    return y;
  });
  return { x, ys };
}

export interface Outputs {
  readonly step: number;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

export interface Latent {
  readonly step: number;
  readonly count: number;
  readonly values: Float32Array;
}

/** Test digits as the charts use them; images are fetched from the core once and remembered. */
export class Digits {
  readonly labels: Uint8Array;
  private readonly images = new Map<number, Uint8Array>();

  constructor(readonly data: DatasetHandle) {
    this.labels = data.labels("test");
  }

  get rows(): number {
    return this.data.rows;
  }

  get cols(): number {
    return this.data.cols;
  }

  get channels(): number {
    return this.data.channels;
  }

  label(index: number): number {
    return this.labels[index] ?? 0;
  }

  image(index: number): Uint8Array {
    let image = this.images.get(index);
    if (image === undefined) {
      image = this.data.image("test", index);
      this.images.set(index, image);
    }
    return image;
  }

  /** The `turn`-th test digit of every class: the ten samples shown side by side. */
  samples(turn: number): Uint32Array {
    const byClass = Array.from({ length: this.data.classes }, () => [] as number[]);
    this.labels.forEach((label, i) => {
      byClass[label]?.push(i);
    });
    const picked = byClass
      .filter((indices) => indices.length > 0)
      .slice(0, 10)
      .map((indices) => indices[turn % indices.length] ?? 0);
    return Uint32Array.from(picked);
  }
}

export type Topic = "config" | "history" | "outputs" | "latent" | "status" | "digits" | "pins";

export class Store {
  config: PageConfig = EMPTY_CONFIG;
  /** The configuration the present run was built from; differs from `config` while a change waits. */
  built: PageConfig = EMPTY_CONFIG;
  status: EngineStatus;
  digits: Digits | null = null;
  /** Which of each class's test digits is shown. */
  turn = 0;
  readonly history = new History();
  /** Runs kept to be drawn behind the present one. */
  pins: readonly Pin[] = [];
  readonly outputs = new Map<string, Outputs>();
  readonly latents = new Map<string, Latent>();
  private readonly listeners = new Map<Topic, Set<() => void>>();

  constructor(
    readonly rules: readonly RuleInfo[],
    status: EngineStatus,
  ) {
    this.status = status;
  }

  rule(id: string): RuleInfo | undefined {
    return this.rules.find((r) => r.id === id);
  }

  /** Names of the feedback layers, W2 first. */
  layers(): readonly LayerMetrics[] {
    for (const rule of this.history.rules()) {
      const latest = this.history.latest(rule);
      if (latest !== undefined) return latest.layers;
    }
    return [];
  }

  forget(rule: string): void {
    this.history.remove(rule);
    this.outputs.delete(rule);
    this.latents.delete(rule);
  }

  forgetAll(): void {
    this.history.clear();
    this.outputs.clear();
    this.latents.clear();
  }

  on(topic: Topic, listener: () => void): () => void {
    const set = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, set.add(listener));
    return () => set.delete(listener);
  }

  changed(...topics: readonly Topic[]): void {
    for (const topic of topics) for (const listener of this.listeners.get(topic) ?? []) listener();
  }
}
