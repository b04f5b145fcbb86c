/** A unit's estimates of its gradient beside the truth, asked of one rule's run every other second. */
import { EstimatesChart } from "../charts/estimates";
import { settingOf } from "../config";
import { ESTIMATES } from "../messages/estimates";
import type { Store } from "../store";
import { Follow, stampOf } from "./follow";
import { BOTH, type Figure, type FigureHost, rulesShown } from "./spec";

/** Samples while the run trains, a few ms of work, and while it stands still. */
const SAMPLES = { running: 128, still: 1024 };

export const estimates: Figure = {
  id: "estimates",
  title: ESTIMATES.title,
  tasks: BOTH,
  area: "full",
  options: [],
  needs: null,
  topics: ["history", "status", "config", "digits"],
  whenSeen: true,
  caption: () => ESTIMATES.caption,
  mount: (host) => {
    const view = new EstimatesView(host);
    return { chart: view.chart, update: (store) => view.update(store) };
  },
};

class EstimatesView {
  readonly chart: EstimatesChart;
  private readonly follow: Follow;
  private store: Store | null = null;
  private rule = "";
  private layer = 0;
  private unit = 0;

  constructor(private readonly host: FigureHost) {
    this.follow = new Follow(() => this.refresh());
    this.chart = new EstimatesChart(host, {
      rule: (id) => {
        this.rule = id;
        this.refresh();
      },
      layer: (layer) => {
        this.layer = layer;
        this.unit = 0;
        this.refresh();
      },
      unit: (unit) => {
        this.unit = unit;
        this.refresh();
      },
      onDestroy: () => this.follow.stop(),
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
    if (!rules.some(({ id }) => id === this.rule))
      this.rule = (rules.find(({ id }) => store.rule(id)?.perturbs) ?? rules[0])?.id ?? "";
    const hidden = settingOf(store.built, "hidden");
    if (this.layer < 1 || this.layer > hidden.length)
      this.layer = 1 + hidden.indexOf(Math.min(...hidden));
    this.unit = Math.min(this.unit, (hidden[this.layer - 1] ?? 1) - 1);
    const { rule, layer, unit } = this;
    this.chart.setChoices({ rules, rule, hidden, layer, unit });
    const info = store.rule(rule);
    if (info === undefined) return;
    const running = store.status.phase === "running" || store.status.phase === "stepping";
    const samples = running ? SAMPLES.running : SAMPLES.still;
    this.follow.ask(
      `${rule}/${layer}/${unit}`,
      `${stampOf(store, rule)}/${samples}`,
      () =>
        this.host.ask(rule, async (run) => {
          const { step, config } = run;
          return { step, noise: config.c_h, found: await run.estimates(layer, unit, samples) };
        }),
      (answer) => {
        const { step, noise, found } = answer;
        const perturbs = info.perturbs === true;
        const exact = rule === "bp";
        this.chart.set({ rule: info, perturbs, exact, layer, unit, step, noise, ...found });
      },
    );
  }
}
