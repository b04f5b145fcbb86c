/** W, B and their difference, layer by layer, read from one rule's run about once a second. */
import { MatrixChart, type MatrixData, type MatrixWords } from "../charts/matrix";
import { type Matrix, multiply, productCost } from "../charts/matrix-math";
import { settingOf, taskOf } from "../config";
import type { OnSetting } from "../controls/settings";
import type { SimulatorHandle } from "../engine/protocol";
import { layerName } from "../format";
import { MATRICES } from "../messages/matrices";
import type { RuleInfo, Store } from "../store";
import { Follow, stampOf } from "./follow";
import { BOTH, type Figure, type FigureHost, rulesShown } from "./spec";

/** Pause between two readings of the weights while they learn, in ms. */
const REFRESH_MS = 1000;
/** Multiplications that may be spent on the way up, once a second: a few ms. */
const MOST_WORK = 4e6;
/** Between the letters of a product: slanted ones with exponents run into each other. */
const THIN = "\u2009";

/** What was read of one layer; sizes are the widths of all layers, input first. */
interface Reading {
  readonly sizes: readonly number[];
  readonly w: Matrix | null;
  readonly b: Matrix | null;
}

export const matrices: Figure = {
  id: "matrices",
  title: MATRICES.title,
  tasks: BOTH,
  area: "full",
  options: [],
  needs: null,
  topics: ["history", "status", "config", "digits"],
  caption: () => MATRICES.caption,
  mount: (host, onSetting) => {
    const view = new MatrixView(host, onSetting);
    return { chart: view.chart, update: (store) => view.update(store) };
  },
};

class MatrixView {
  readonly chart: MatrixChart;
  private store: Store | null = null;
  private rule = "";
  private layer = 0;
  private readonly follow: Follow;

  constructor(
    private readonly host: FigureHost,
    onSetting: OnSetting,
  ) {
    this.follow = new Follow(() => this.refresh(), REFRESH_MS);
    // What is shown without a choice is no choice: the link stays short.
    this.chart = new MatrixChart(host, {
      rule: (id) => onSetting("mapRule", this.store && id === firstRule(this.store) ? "" : id),
      layer: (layer) =>
        onSetting("mapLayer", this.store && layer === smallest(this.store) ? 0 : layer),
      onDestroy: () => {
        this.follow.stop();
        this.store = null;
      },
    });
  }

  update(store: Store): void {
    this.store = store;
    this.refresh();
  }

  private refresh(): void {
    const { store } = this;
    if (store === null || store.digits === null) return;
    const rules = rulesShown(store);
    const wanted = settingOf(store.config, "mapRule");
    this.rule = rules.some(({ id }) => id === wanted) ? wanted : firstRule(store);
    const layers = layersOf(store);
    const wantedLayer = settingOf(store.config, "mapLayer");
    this.layer = layers.includes(wantedLayer) ? wantedLayer : smallest(store);
    const { rule, layer } = this;
    this.chart.setChoices({
      rules,
      rule,
      layers: layers.map((n) => ({ layer: n, name: layerName(`W${n}`) })),
      layer,
    });
    const info = store.rule(rule);
    if (layer > 0 && info !== undefined) this.read(store, info, layer);
  }

  private read(store: Store, info: RuleInfo, layer: number): void {
    this.follow.ask(
      `${info.id}/${layer}`,
      stampOf(store, info.id),
      async () => {
        const reading = await this.host.ask(info.id, (run) => readLayer(run, info, layer));
        if (reading === null) this.show(info, layer, null);
        return reading;
      },
      (reading) => this.show(info, layer, dataOf(store, info, layer, reading)),
    );
  }

  /** Unless something else was chosen meanwhile, or the figure is gone. */
  private show(info: RuleInfo, layer: number, data: MatrixData | null): void {
    if (this.store !== null && this.rule === info.id && this.layer === layer) this.chart.set(data);
  }
}

/** The first that has feedback weights to look at. */
function firstRule(store: Store): string {
  const ids = settingOf(store.config, "rules");
  const learning = ids.find((id) => store.rule(id)?.learns_feedback === true);
  return learning ?? ids.find((id) => store.rule(id)?.has_feedback === true) ?? ids[0] ?? "";
}

/** Layers of weights that errors go down through: all but the first. */
function layersOf(store: Store): number[] {
  return settingOf(store.built, "hidden").map((_, i) => i + 2);
}

/** The layer with the fewest weights: the one that can be read cell by cell. */
function smallest(store: Store): number {
  const layers = layersOf(store);
  const hidden = settingOf(store.built, "hidden");
  const { digits } = store;
  const classes = digits?.data.classes ?? 1;
  const pixels = (digits?.rows ?? 1) * (digits?.cols ?? 1) * (digits?.channels ?? 1);
  const widths = [0, ...hidden, taskOf(store.built) === "classifier" ? classes : pixels];
  const weights = (l: number): number => (widths[l] ?? 0) * (widths[l - 1] ?? 0);
  return layers.reduce((best, l) => (weights(l) < weights(best) ? l : best), layers[0] ?? 0);
}

async function readLayer(run: SimulatorHandle, info: RuleInfo, layer: number): Promise<Reading> {
  const { sizes } = run.config;
  const top = sizes.length - 1;
  const widths = sizes.slice(layer - 1).reverse();
  const jumps = info.direct && layer < top;
  const product = jumps && productCost(widths) <= MOST_WORK;
  // Asked for in one breath: all of the same moment.
  const above = Array.from({ length: top - layer }, (_, i) => layer + 1 + i);
  const [own, feedback, ...rest] = await Promise.all([
    run.weights(layer),
    run.feedbackWeights(layer),
    ...(product ? above.map((l) => run.weights(l)) : []),
  ]);
  const matrix = (l: number, values: Float32Array): Matrix => ({
    rows: sizes[l] ?? 0,
    cols: sizes[l - 1] ?? 0,
    values,
  });
  const below = sizes[layer - 1] ?? 0;
  const b = feedback === undefined ? null : { ...matrix(layer, feedback), cols: below };
  if (!jumps || b === null) return { sizes, w: matrix(layer, own), b };
  const direct = { ...b, rows: sizes[top] ?? 0 };
  if (!product) return { sizes, w: null, b: direct };
  const w = [own, ...(rest as Float32Array[])]
    .map((values, i) => matrix(layer + i, values))
    .reverse()
    .reduce((way, below) => multiply(way, below));
  return { sizes, w, b: direct };
}

function dataOf(store: Store, info: RuleInfo, layer: number, reading: Reading): MatrixData {
  const { sizes, w, b } = reading;
  const top = sizes.length - 1;
  const jumps = info.direct && layer < top;
  const way = Array.from({ length: top - layer + 1 }, (_, i) => layerName(`W${top - i}`)).join(
    THIN,
  );
  const { digits } = store;
  const rows = jumps ? top : layer;
  const grey = digits !== null && digits.channels === 1;
  const pixels = grey && rows === top && sizes[top] === digits.rows * digits.cols;
  const picture = pixels ? { height: digits.rows, width: digits.cols } : null;
  return {
    rule: info,
    wName: jumps ? way : layerName(`W${layer}`),
    bName: layerName(`B${layer}`),
    w,
    b,
    note: noteOf(info, layer === top, reading, way),
    words: wordsOf(layer - 1, rows, top, picture),
    picture,
  };
}

function noteOf(info: RuleInfo, last: boolean, { w, b }: Reading, way: string): string {
  if (b === null) return info.perturbs === true ? MATRICES.none : MATRICES.same;
  if (!info.direct) return "";
  if (last) return MATRICES.directTop;
  return w === null ? MATRICES.directLarge : MATRICES.direct(way);
}

function wordsOf(
  below: number,
  above: number,
  top: number,
  picture: MatrixData["picture"],
): MatrixWords {
  const layerWord = (l: number): string =>
    l === top ? MATRICES.layerOf.output : MATRICES.layerOf.hidden(l);
  const row = (i: number): string => {
    if (above !== top) return MATRICES.unit(i + 1, layerWord(above));
    if (picture === null) return MATRICES.output(i);
    return MATRICES.pixel(Math.floor(i / picture.width) + 1, (i % picture.width) + 1);
  };
  return {
    rows: layerWord(above),
    cols: layerWord(below),
    row,
    col: (i) => MATRICES.unit(i + 1, layerWord(below)),
  };
}
