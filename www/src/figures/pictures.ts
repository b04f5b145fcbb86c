/** The pictures: reconstructions, class scores, the latent space. */
import { ImageGrid } from "../charts/image-grid";
import { Scatter } from "../charts/scatter";
import { ScoreGrid } from "../charts/scores";
import { settingOf } from "../config";
import { count } from "../format";
import { M } from "../messages";
import type { Store } from "../store";
import { type Figure, type FigureHost, rulesShown } from "./spec";

/** Test digits on the latent map: enough to see clusters, few enough to read out several times a second. */
export const LATENT_COUNT = 500;

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

export const images = digitFigure(
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

export const scores = digitFigure(
  {
    id: "scores",
    title: M.scores.title,
    tasks: ["classifier"],
    area: "full",
    caption: () => M.scores.caption,
  },
  (host) => new ScoreGrid(host),
);

export const latent: Figure = {
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
        decoder: {
          rows: digits.rows,
          cols: digits.cols,
          channels: digits.channels,
          decode: (rule, code) => host.ask(rule, (run) => run.decode(code)),
        },
      });
    };
    return { chart, update };
  },
};
