/**
 * The figures of the instrument, in order. Each says for which tasks it exists, which settings choose
 * its display, and how the store's content becomes its chart's columns. A new chart is a file beside
 * this one and an entry here.
 */
import { type SettingKey, settingOf, taskOf, warmupOf } from "../config";
import { count, degrees, layerName, percent, value } from "../format";
import { M } from "../messages";
import { columns, type Metrics, type Store, type Task, type Topic } from "../store";
import type { Chart, ChartHost, RuleStyle } from "./chart";
import { ImageGrid } from "./image-grid";
import { LineChart, type LineData, type LineSeries } from "./line";
import { Scatter } from "./scatter";
import { ScoreGrid } from "./scores";

/** Charts that answer a pointer need one rule's output for one test digit. */
export interface FigureHost extends ChartHost {
  output(rule: string, index: number): Promise<Float32Array | null>;
}

export interface MountedFigure {
  readonly chart: Chart;
  update(store: Store): void;
}

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly tasks: readonly Task[];
  readonly area: "wide" | "narrow" | "third" | "full";
  readonly topics: readonly Topic[];
  readonly options: readonly SettingKey[];
  /** Pictures the engine has to read out while the figure is on screen. */
  readonly needs: "outputs" | "latent" | null;
  caption(store: Store): string;
  mount(host: FigureHost): MountedFigure;
}

/** Test digits on the latent map: enough to see clusters, few enough to read out several times a second. */
export const LATENT_COUNT = 500;

const BOTH: readonly Task[] = ["autoencoder", "classifier"];
const SOLID: readonly number[] = [];
const DASHED: readonly number[] = [5, 4];
/** One pattern a feedback layer, first to last. */
const LAYER_DASH: readonly (readonly number[])[] = [
  SOLID,
  [7, 4],
  [2, 3],
  [8, 3, 2, 3],
  [12, 4],
  [1, 2],
];

function rulesShown(store: Store): RuleStyle[] {
  return settingOf(store.config, "rules").flatMap((id) => {
    const rule = store.rule(id);
    return rule === undefined ? [] : [rule];
  });
}

interface Line {
  readonly rule: RuleStyle;
  readonly part: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly endLabel: string;
  readonly pick: (m: Metrics) => number | null;
}

function series(store: Store, lines: readonly Line[]): { x: number[]; series: LineSeries[] } {
  const { x, ys } = columns(
    store.history,
    lines.map(({ rule, pick }) => ({ rule: rule.id, pick })),
  );
  const all = lines.map(({ pick: _, ...line }, i) => ({ ...line, values: ys[i] ?? [] }));
  return { x, series: all.filter((s) => s.values.some((v) => v !== null)) };
}

function trainAndTest(
  store: Store,
  train: Line["pick"],
  test: Line["pick"],
): ReturnType<typeof series> {
  const lines = rulesShown(store).flatMap((rule): Line[] => [
    { rule, part: M.loss.test, dash: SOLID, width: 2, endLabel: rule.short, pick: test },
    { rule, part: M.loss.train, dash: DASHED, width: 1.25, endLabel: "", pick: train },
  ]);
  return series(store, lines);
}

type LayerKey = "angle" | "relative_error" | "sign_agreement";

/** What B = W gives by definition: a line that says nothing about learning is left out. */
const EXACT: Readonly<Record<LayerKey, (v: number) => boolean>> = {
  angle: (v) => v < 1e-3,
  relative_error: (v) => v === 0,
  sign_agreement: (v) => v === 100,
};

function perLayer(store: Store, key: LayerKey): ReturnType<typeof series> {
  const exact = (rule: RuleStyle): boolean =>
    store.rule(rule.id)?.has_feedback === false &&
    (store.history.latest(rule.id)?.layers ?? []).every((l) => EXACT[key](l[key] ?? 0));
  const layers = store.layers();
  const wanted = settingOf(store.config, "layer");
  const chosen = wanted <= layers.length ? wanted : 0;
  const shown = rulesShown(store).filter((rule) => !exact(rule));
  const lines = shown.flatMap((rule) =>
    layers.flatMap((layer, i): Line[] => {
      if (chosen !== 0 && chosen !== i + 1) return [];
      const single = chosen !== 0 || layers.length === 1;
      return [
        {
          rule,
          part: layerName(layer.name),
          dash: LAYER_DASH[i % LAYER_DASH.length] ?? SOLID,
          width: 1.75,
          endLabel: single ? rule.short : layerName(layer.name),
          pick: (m) => m.layers[i]?.[key] ?? null,
        },
      ];
    }),
  );
  return series(store, lines);
}

/** Shade the longest warm-up of the rules shown. */
function warmup(store: Store): number {
  const shown = settingOf(store.built, "rules").flatMap((id) => store.rule(id) ?? []);
  return Math.max(0, ...shown.map((rule) => warmupOf(store.built, rule)));
}

type LineSpec = Omit<Figure, "mount" | "needs" | "topics" | "caption"> & {
  readonly caption: string;
  readonly data: (store: Store) => Omit<LineData, "title">;
};

function lineFigure(spec: LineSpec): Figure {
  const { data, caption, ...rest } = spec;
  return {
    ...rest,
    needs: null,
    topics: ["history", "config"],
    caption: () => caption,
    mount: (host) => {
      const chart = new LineChart(host);
      return { chart, update: (store) => chart.set({ title: spec.title, ...data(store) }) };
    },
  };
}

const loss = lineFigure({
  id: "loss",
  title: M.loss.title,
  tasks: BOTH,
  area: "narrow",
  options: ["lossUnit", "logLoss"],
  caption: M.loss.caption,
  data: (store) => {
    const unit = settingOf(store.config, "lossUnit");
    const pixels = (store.digits?.rows ?? 28) * (store.digits?.cols ?? 28);
    const scale = unit === "pixel" ? 2 / pixels : 1;
    const train = (m: Metrics): number =>
      unit === "batch" ? m.train_loss : m.train_loss_per_sample * scale;
    const test = (m: Metrics): number =>
      unit === "batch" ? m.test_loss : m.test_loss_per_sample * scale;
    return {
      ...trainAndTest(store, train, test),
      axis: M.loss.unit[unit],
      format: value,
      mark: null,
      ticks: null,
      log: settingOf(store.config, "logLoss"),
      range: { kind: "focus" },
      shadeTo: warmup(store),
      summary: M.loss.summary,
    };
  },
});

const error = lineFigure({
  id: "error",
  title: M.error.title,
  tasks: ["classifier"],
  area: "wide",
  options: [],
  caption: M.error.caption,
  data: (store) => ({
    ...trainAndTest(
      store,
      (m) => (m.train_accuracy === null ? null : 100 - m.train_accuracy),
      (m) => (m.test_accuracy === null ? null : 100 - m.test_accuracy),
    ),
    axis: M.error.axis,
    format: percent,
    mark: null,
    ticks: null,
    log: false,
    range: { kind: "fixed", from: 0, to: 0 },
    shadeTo: warmup(store),
    summary: M.error.summary,
  }),
});

const angle = lineFigure({
  id: "angle",
  title: M.angle.title,
  tasks: BOTH,
  area: "third",
  options: [],
  caption: M.angle.caption,
  data: (store) => ({
    ...perLayer(store, "angle"),
    axis: M.angle.axis,
    format: degrees,
    mark: 90,
    ticks: [0, 45, 90, 135, 180],
    log: false,
    range: { kind: "fixed", from: 0, to: 100 },
    shadeTo: warmup(store),
    summary: M.angle.summary,
  }),
});

const relative = lineFigure({
  id: "relative",
  title: M.relative.title,
  tasks: BOTH,
  area: "third",
  options: ["logError"],
  caption: M.relative.caption,
  data: (store) => ({
    ...perLayer(store, "relative_error"),
    axis: M.relative.axis,
    format: value,
    mark: null,
    ticks: null,
    log: settingOf(store.config, "logError"),
    range: { kind: "fixed", from: 0, to: 1 },
    shadeTo: warmup(store),
    summary: M.relative.summary,
  }),
});

const sign = lineFigure({
  id: "sign",
  title: M.sign.title,
  tasks: BOTH,
  area: "third",
  options: [],
  caption: M.sign.caption,
  data: (store) => ({
    ...perLayer(store, "sign_agreement"),
    axis: M.sign.axis,
    format: percent,
    mark: 50,
    ticks: [0, 25, 50, 75, 100],
    log: false,
    range: { kind: "fixed", from: 25, to: 100 },
    shadeTo: warmup(store),
    summary: M.sign.summary,
  }),
});

/** Splits a rule's outputs (n × p, row major) into one row a sample, if they belong to these samples. */
function cellsOf(store: Store, rule: string, indices: Uint32Array): Float32Array[] | null {
  const outputs = store.outputs.get(rule);
  if (outputs === undefined || String(outputs.indices) !== String(indices)) return null;
  const p = outputs.values.length / Math.max(1, indices.length);
  return [...indices].map((_, i) => outputs.values.subarray(i * p, (i + 1) * p));
}

function digitFigure(
  base: Pick<Figure, "id" | "title" | "tasks" | "area" | "caption">,
  make: (host: FigureHost) => ImageGrid | ScoreGrid,
): Figure {
  return {
    ...base,
    options: [],
    needs: "outputs",
    topics: ["outputs", "config", "digits"],
    mount: (host) => {
      const chart = make(host);
      const update = (store: Store): void => {
        const { digits } = store;
        if (digits === null) return;
        const indices = digits.samples(store.turn);
        chart.set({
          rows: digits.rows,
          cols: digits.cols,
          channels: digits.channels,
          samples: [...indices].map((i) => ({ label: digits.label(i), pixels: digits.image(i) })),
          rules: rulesShown(store).map((rule) => ({
            rule,
            cells: cellsOf(store, rule.id, indices),
          })),
        });
      };
      return { chart, update };
    },
  };
}

function narrowest(store: Store): number {
  return Math.min(...settingOf(store.built, "hidden"));
}

const images = digitFigure(
  {
    id: "images",
    title: M.images.title,
    tasks: ["autoencoder"],
    area: "wide",
    caption: (store) => {
      return M.images.caption(narrowest(store));
    },
  },
  (host) => new ImageGrid(host),
);

const scores = digitFigure(
  {
    id: "scores",
    title: M.scores.title,
    tasks: ["classifier"],
    area: "full",
    caption: () => M.scores.caption,
  },
  (host) => new ScoreGrid(host),
);

const latent: Figure = {
  id: "latent",
  title: M.latent.title,
  tasks: ["autoencoder"],
  area: "full",
  options: [],
  needs: "latent",
  topics: ["latent", "config", "digits"],
  caption: (store) =>
    M.latent.caption(
      count(Math.min(LATENT_COUNT, store.digits?.labels.length ?? LATENT_COUNT)),
      narrowest(store),
    ),
  mount: (host) => {
    const chart = new Scatter(host);
    const update = (store: Store): void => {
      const { digits } = store;
      if (digits === null) return;
      chart.set({
        labels: digits.labels,
        panels: rulesShown(store).map((rule) => {
          const found = store.latents.get(rule.id);
          const width = found === undefined ? 2 : found.values.length / Math.max(1, found.count);
          return { rule, points: found?.values ?? null, width };
        }),
        inspect: (rule, index) => ({
          rows: digits.rows,
          cols: digits.cols,
          channels: digits.channels,
          original: digits.image(index),
          output: host.output(rule, index),
        }),
      });
    };
    return { chart, update };
  },
};

/** In reading order. */
export const FIGURES: readonly Figure[] = [
  loss,
  images,
  error,
  latent,
  scores,
  angle,
  relative,
  sign,
];

export function figuresFor(store: Store): readonly Figure[] {
  return FIGURES.filter((figure) => figure.tasks.includes(taskOf(store.built)));
}
