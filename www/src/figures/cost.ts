/** What a step of each rule costs: its operations from the run, its time from the scheduler. */
import { CostChart, type CostRow } from "../charts/cost";
import { COST } from "../messages/estimates";
import type { RuleInfo, Store } from "../store";
import { Follow } from "./follow";
import { BOTH, type Figure, type FigureHost, rulesShown } from "./spec";

/** Pause between two readings of a running time, in ms: faster ones cannot be read. */
const CALM_MS = 500;

export const cost: Figure = {
  id: "cost",
  title: COST.title,
  tasks: BOTH,
  area: "full",
  tabular: true,
  options: [],
  needs: null,
  topics: ["status", "config", "digits"],
  caption: () => COST.caption,
  mount: (host) => {
    const view = new CostView(host);
    return { chart: view.chart, update: (store) => view.update(store) };
  },
};

interface Size {
  readonly flops: number;
  readonly parameters: number;
}

class CostView {
  readonly chart: CostChart;
  private readonly follow: Follow;
  private sizes = new Map<string, Size>();
  private store: Store | null = null;
  private shownAt = Number.NEGATIVE_INFINITY;
  private phase = "";

  constructor(private readonly host: FigureHost) {
    this.follow = new Follow(() => {
      if (this.store !== null) this.ask(this.store);
    });
    this.chart = new CostChart(host, () => this.follow.stop());
  }

  update(store: Store): void {
    this.store = store;
    this.ask(store);
    const { phase } = store.status;
    if (phase === this.phase && performance.now() - this.shownAt < CALM_MS) return;
    this.phase = phase;
    this.show(store);
  }

  private ask(store: Store): void {
    const rules = store.status.lanes.map(({ rule }) => rule);
    if (rules.length === 0) return;
    this.follow.ask(
      `${rules.join()}/${JSON.stringify(store.built)}`,
      "",
      async () => {
        const sizes = await Promise.all(
          rules.map((rule) =>
            this.host.ask(rule, async ({ flopsPerStep: flops, parameters }) => ({
              flops,
              parameters,
            })),
          ),
        );
        return new Map(rules.flatMap((rule, i) => (sizes[i] == null ? [] : [[rule, sizes[i]]])));
      },
      (sizes: Map<string, Size>) => {
        this.sizes = sizes;
        this.show(store);
      },
    );
  }

  private show(store: Store): void {
    this.shownAt = performance.now();
    const rows = rulesShown(store).map((rule): CostRow => {
      const lane = store.status.lanes.find((lane) => lane.rule === rule.id);
      return {
        rule,
        ...passesOf(store.rule(rule.id)),
        flops: this.sizes.get(rule.id)?.flops ?? null,
        msPerStep: lane?.msPerStep ?? null,
        device: lane?.device ?? "cpu",
      };
    });
    const base = rows.find(({ rule }) => rule.id === "bp") ?? rows[0] ?? null;
    const [size] = this.sizes.values();
    this.chart.set({ rows, parameters: size?.parameters ?? null, base: base?.rule ?? null });
  }
}

/** Passes through the network for one update of the weights. */
export function passesOf(info: RuleInfo | undefined): { forward: number; down: number } {
  // A mirror's noise goes up through every layer once; synthetic gradients need the true error beside their own.
  const extra = info?.perturbs === true || info?.id === "mirror" ? 1 : 0;
  const exact = info?.id === "sg" || info?.id === "sg-dfa" ? 1 : 0;
  const sends = info?.perturbs === true && info.has_feedback !== true ? 0 : 1;
  return { forward: 1 + extra, down: sends + exact };
}
