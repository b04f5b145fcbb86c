/** What one rule's classifier takes for what, over the first test digits, asked every other second. */
import { ConfusionChart } from "../charts/confusion";
import { confusionOf } from "../charts/confusion-math";
import { settingOf } from "../config";
import type { OnSetting } from "../controls/settings";
import { CONFUSION } from "../messages/estimates";
import type { Store } from "../store";
import { Follow, stampOf } from "./follow";
import { type Figure, type FigureHost, rulesShown } from "./spec";

/** Digits while the run trains, a few ms of work, and while it stands still. */
const DIGITS = { running: 500, still: 1000 };

export const confusion: Figure = {
  id: "confusion",
  title: CONFUSION.title,
  tasks: ["classifier"],
  area: "full",
  tabular: true,
  options: [],
  needs: null,
  topics: ["history", "status", "config", "digits"],
  caption: () => CONFUSION.caption,
  mount: (host, onSetting) => {
    const view = new ConfusionView(host, onSetting);
    return { chart: view.chart, update: (store) => view.update(store) };
  },
};

class ConfusionView {
  readonly chart: ConfusionChart;
  private readonly follow: Follow;
  private store: Store | null = null;
  private rule = "";

  constructor(
    private readonly host: FigureHost,
    onSetting: OnSetting,
  ) {
    this.follow = new Follow(() => this.refresh());
    this.chart = new ConfusionChart(
      host,
      // What is shown without a choice is no choice: the link stays short.
      (id) => onSetting("tableRule", id === this.first() ? "" : id),
      () => this.follow.stop(),
    );
  }

  private first(): string {
    return this.store === null ? "" : (rulesShown(this.store)[0]?.id ?? "");
  }

  update(store: Store): void {
    this.store = store;
    this.refresh();
  }

  private refresh(): void {
    const { store } = this;
    const digits = store?.digits ?? null;
    if (store === null || digits === null) return;
    const rules = rulesShown(store);
    const wanted = settingOf(store.config, "tableRule");
    this.rule = rules.some(({ id }) => id === wanted) ? wanted : this.first();
    const { rule } = this;
    this.chart.setChoices(rules, rule);
    const info = store.rule(rule);
    if (info === undefined) return;
    const running = store.status.phase === "running" || store.status.phase === "stepping";
    const most = running ? DIGITS.running : DIGITS.still;
    const samples = Math.min(most, digits.labels.length);
    this.follow.ask(
      rule,
      `${stampOf(store, rule)}/${samples}`,
      () =>
        this.host.ask(rule, async (run) => {
          const { step, config } = run;
          const indices = Uint32Array.from({ length: samples }, (_, i) => i);
          const outputs = await run.outputs("test", indices);
          return { step, found: confusionOf(outputs, digits.labels, config.sizes.at(-1) ?? 1) };
        }),
      ({ step, found }) => this.chart.set({ rule: info, step, found }),
    );
  }
}
