/** The curves: loss, test error, and how well feedback points. */
import type { RuleStyle } from "../charts/chart";
import { LineChart, type LineData, type LineSeries } from "../charts/line";
import { settingOf, taskOf, warmupOf } from "../config";
import { taskOfPin } from "../data/pins";
import { degrees, layerName, percent, value } from "../format";
import { M } from "../messages";
import { columns, type Metrics, type Store } from "../store";
import { BOTH, type Figure, rulesShown } from "./spec";

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

interface Line {
  readonly rule: RuleStyle;
  readonly part: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly endLabel: string;
  readonly pick: (m: Metrics) => number | null;
}

/** `of`: a rule's lines, the same for the present run and for pinned ones. */
function series(
  store: Store,
  shown: readonly RuleStyle[],
  of: (rule: RuleStyle, pinned: boolean) => readonly Line[],
): { x: number[]; series: LineSeries[] } {
  const live = shown.flatMap((rule) => {
    const frames = store.history.frames(rule.id);
    return of(rule, false).map((line) => ({ ...line, frames }));
  });
  const task = taskOf(store.built);
  const pinned = store.pins
    .filter((pin) => taskOfPin(pin) === task)
    .flatMap(({ letter, rules }) =>
      rules.flatMap(({ rule: id, frames }) => {
        const rule = store.rule(id);
        if (rule === undefined) return [];
        return of(rule, true).map((line) => {
          const endLabel = line.endLabel === "" ? "" : `${line.endLabel} ${letter}`;
          return { ...line, endLabel, pin: letter, frames };
        });
      }),
    );
  const all = [...live, ...pinned];
  const { x, ys } = columns(all);
  const made = all.map(({ pick: _, frames: __, ...line }, i) => ({ ...line, values: ys[i] ?? [] }));
  return { x, series: made.filter((s) => s.values.some((v) => v !== null)) };
}

/** What the reader has chosen for all curves. */
function view(store: Store): Pick<LineData, "logX" | "smooth"> {
  const { config } = store;
  return { logX: settingOf(config, "logX"), smooth: Number(settingOf(config, "smooth")) };
}

function trainAndTest(
  store: Store,
  train: Line["pick"],
  test: Line["pick"],
): ReturnType<typeof series> {
  return series(store, rulesShown(store), (rule, pinned) => {
    const line = {
      rule,
      part: M.loss.test,
      dash: SOLID,
      width: 2,
      endLabel: rule.short,
      pick: test,
    };
    const own = { rule, part: M.loss.train, dash: DASHED, width: 1.25, endLabel: "", pick: train };
    // Of a pinned run the curve that counts; the other would crowd the figure.
    return pinned ? [line] : [line, own];
  });
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
  return series(store, shown, (rule, pinned) => {
    if (pinned && store.rule(rule.id)?.has_feedback === false) return [];
    return layers.flatMap((layer, i): Line[] => {
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
    });
  });
}

/** Shade the longest warm-up of the rules shown. */
function warmup(store: Store): number {
  const shown = settingOf(store.built, "rules").flatMap((id) => store.rule(id) ?? []);
  return Math.max(0, ...shown.map((rule) => warmupOf(store.built, rule)));
}

type LineSpec = Omit<Figure, "mount" | "needs" | "topics" | "caption"> & {
  readonly caption: string;
  readonly data: (store: Store) => Omit<LineData, "title" | "logX" | "smooth">;
};

function lineFigure(spec: LineSpec): Figure {
  const { data, caption, ...rest } = spec;
  return {
    ...rest,
    needs: null,
    topics: ["history", "config", "pins"],
    caption: () => caption,
    mount: (host) => {
      const chart = new LineChart(host);
      return {
        chart,
        update: (store) => chart.set(() => ({ title: spec.title, ...view(store), ...data(store) })),
      };
    },
  };
}

/** Losses in the unit that the reader has chosen. */
export function lossOf(store: Store): {
  readonly unit: "batch" | "image" | "pixel";
  readonly train: (m: Metrics) => number;
  readonly test: (m: Metrics) => number;
} {
  const unit = settingOf(store.config, "lossUnit");
  const pixels = (store.digits?.rows ?? 28) * (store.digits?.cols ?? 28);
  const scale = unit === "pixel" ? 2 / pixels : 1;
  return unit === "batch"
    ? { unit, train: (m) => m.train_loss, test: (m) => m.test_loss }
    : {
        unit,
        train: (m) => m.train_loss_per_sample * scale,
        test: (m) => m.test_loss_per_sample * scale,
      };
}

export const loss = lineFigure({
  id: "loss",
  title: M.loss.title,
  tasks: BOTH,
  area: "narrow",
  options: ["lossUnit", "logLoss"],
  caption: M.loss.caption,
  data: (store) => {
    const { unit, train, test } = lossOf(store);
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

export const error = lineFigure({
  id: "error",
  title: M.error.title,
  tasks: ["classifier"],
  area: "wide",
  options: ["logWrong"],
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
    log: settingOf(store.config, "logWrong"),
    range: { kind: "fixed", from: 0, to: 0 },
    shadeTo: warmup(store),
    summary: M.error.summary,
  }),
});

export const angle = lineFigure({
  id: "angle",
  title: M.angle.title,
  tasks: BOTH,
  area: "third",
  options: ["logAngle"],
  caption: M.angle.caption,
  data: (store) => ({
    ...perLayer(store, "angle"),
    axis: M.angle.axis,
    format: degrees,
    mark: 90,
    ticks: [0, 45, 90, 135, 180],
    log: settingOf(store.config, "logAngle"),
    range: { kind: "fixed", from: 0, to: 100 },
    shadeTo: warmup(store),
    summary: M.angle.summary,
  }),
});

export const relative = lineFigure({
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

export const sign = lineFigure({
  id: "sign",
  title: M.sign.title,
  tasks: BOTH,
  area: "third",
  options: ["logSign"],
  caption: M.sign.caption,
  data: (store) => ({
    ...perLayer(store, "sign_agreement"),
    axis: M.sign.axis,
    format: percent,
    mark: 50,
    ticks: [0, 25, 50, 75, 100],
    log: settingOf(store.config, "logSign"),
    range: { kind: "fixed", from: 25, to: 100 },
    shadeTo: warmup(store),
    summary: M.sign.summary,
  }),
});
