/** A unit's estimates of its gradient beside the truth, asked of one rule's run every other second. */
import { EstimatesChart } from "../charts/estimates";
import { settingOf } from "../config";
import type { OnSetting } from "../controls/settings";
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
  mount: (host, onSetting) => {
    const view = new EstimatesView(host, onSetting);
    return { chart: view.chart, update: (store) => view.update(store) };
  },
};

class EstimatesView {
  readonly chart: EstimatesChart;
  private readonly follow: Follow;
  private store: Store | null = null;

  constructor(
    private readonly host: FigureHost,
    onSetting: OnSetting,
  ) {
    this.follow = new Follow(() => this.refresh());
    // What is shown without a choice is no choice: the link stays short.
    this.chart = new EstimatesChart(host, {
      rule: (id) => onSetting("estimateRule", this.store && id === ownRule(this.store) ? "" : id),
      layer: (layer) =>
        onSetting("estimateLayer", this.store && layer === ownLayer(this.store) ? 0 : layer),
      unit: (unit) => onSetting("estimateUnit", unit + 1),
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
    const wanted = settingOf(store.config, "estimateRule");
    const rule = rules.some(({ id }) => id === wanted) ? wanted : ownRule(store);
    const hidden = settingOf(store.built, "hidden");
    const wantedLayer = settingOf(store.config, "estimateLayer");
    const fits = wantedLayer >= 1 && wantedLayer <= hidden.length;
    const layer = fits ? wantedLayer : ownLayer(store);
    const unit = Math.min(settingOf(store.config, "estimateUnit"), hidden[layer - 1] ?? 1) - 1;
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

/** The first that makes such estimates by itself. */
function ownRule(store: Store): string {
  const rules = rulesShown(store);
  return (rules.find(({ id }) => store.rule(id)?.perturbs) ?? rules[0])?.id ?? "";
}

/** The narrowest hidden layer. */
function ownLayer(store: Store): number {
  const hidden = settingOf(store.built, "hidden");
  return 1 + hidden.indexOf(Math.min(...hidden));
}
