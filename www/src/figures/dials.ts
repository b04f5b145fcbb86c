/** The newest angle of every rule's feedback, one dial a layer. */
import { DialChart } from "../charts/dial";
import { layerName } from "../format";
import { DIALS } from "../messages/dials";
import type { Store } from "../store";
import { BOTH, type Figure, rulesShown } from "./spec";

/** A pattern a rule, so that needles are told apart without their colours. */
const DASHES: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 3],
  [9, 3, 2, 3],
  [4, 2],
  [12, 3],
  [1, 3],
];

export const dials: Figure = {
  id: "dials",
  title: DIALS.title,
  tasks: BOTH,
  area: "full",
  options: [],
  needs: null,
  topics: ["history", "config"],
  caption: () => DIALS.caption,
  mount: (host) => {
    const chart = new DialChart(host);
    const update = (store: Store): void => {
      const rules = rulesShown(store);
      const layers = store.layers().map(({ name }, i) => ({
        name: DIALS.layer(i + 1),
        through: DIALS.through(layerName(name.replace("W", "B"))),
        needles: rules.map((rule) => ({
          rule,
          dash: DASHES[store.rules.findIndex(({ id }) => id === rule.id) % DASHES.length] ?? [],
          angle: store.history.latest(rule.id)?.layers[i]?.angle ?? null,
        })),
      }));
      chart.set(layers);
    };
    return { chart, update };
  },
};
