/** The network diagram: which run it shows, when it asks the run again, and what "play the step" does at its end. */
import type { RuleStyle } from "../charts/chart";
import type { Moment } from "../charts/network/model";
import { NetworkChart } from "../charts/network/network";
import { follows, type PhaseId } from "../charts/network/phases";
import { settingOf } from "../config";
import type { OnSetting } from "../controls/settings";
import type { Part, RuleInfo, SimulatorHandle } from "../engine/protocol";
import { NETWORK as N } from "../messages/network";
import type { Digits, Store } from "../store";
import { BOTH, type Figure, type FigureHost, type MountedFigure, rulesShown } from "./spec";

/** Between two looks at a run in training, in ms: a picture that can be followed. */
const LOOK_MS = 700;
/** Looking may take this share of the time at most, however slow the machine or large the network. */
const LOOK_SHARE = 1 / 40;

/** The step that comes next and all weights, of one moment. */
export async function momentOf(run: SimulatorHandle): Promise<Moment> {
  const { config } = run;
  const depth = config.sizes.length - 1;
  const layers = Array.from({ length: depth }, (_, i) => i + 1);
  // Asked in one go, so that no step comes between.
  const [view, w, b] = await Promise.all([
    run.nextStep(),
    Promise.all(layers.map((l) => run.weights(l))),
    Promise.all(layers.map((l) => (l === 1 ? null : run.feedbackWeights(l)))),
  ]);
  return { config: { ...config }, view, w, b: b.map((matrix) => matrix ?? null) };
}

/** Rules of the run that do what the article's step says. */
export function rulesFollowing(store: Store, step: PhaseId): string[] {
  return rulesShown(store).flatMap(({ id }) => {
    const rule = store.rule(id);
    return rule !== undefined && follows(rule, step) ? [id] : [];
  });
}

class Follower implements MountedFigure {
  readonly chart: NetworkChart;
  private store: Store | null = null;
  private rule: string | null = null;
  private sample = 0;
  private moment: Moment | null = null;
  private shownRule: string | null = null;
  private digits: Digits | null = null;
  private labels: Uint8Array | null = null;
  private asking = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  /** Time that the last look took, in ms. */
  private cost = 0;
  private built: unknown = null;
  /** The step has been played and is being done: show the one after it. */
  private stepping: number | null = null;
  private wantsNewest = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly host: FigureHost,
    private readonly onSetting: OnSetting,
  ) {
    this.chart = new NetworkChart(
      {
        queue: host.queue,
        palette: host.palette,
        syncKey: host.syncKey,
        onRule: (rule) => this.choose(rule),
        onRefresh: () => this.newest(),
        onDigit: () => this.otherDigit(),
        onStepOver: () => this.stepOver(),
        onTake: (part) => this.take(part),
      },
      `${host.syncKey}-network`,
    );
  }

  update(store: Store): void {
    this.store = store;
    if (store.digits !== this.digits) {
      this.digits = store.digits;
      this.labels = store.digits?.data.labels("train") ?? null;
      this.drop();
    }
    if (store.built !== this.built) {
      this.built = store.built;
      if (!this.chart.holding) this.wantsNewest = true;
    }
    const rules = rulesShown(store);
    const wanted = settingOf(store.config, "netRule");
    const rule = (rules.find(({ id }) => id === wanted) ?? rules[0])?.id ?? null;
    if (rule !== this.rule) {
      // The other rule's step stays until this one's is here, unless that rule is gone.
      if (rules.some(({ id }) => id === this.rule)) this.wantOther();
      else this.drop();
      this.rule = rule;
    }
    this.chart.setRules(rules, this.rule ?? "");
    const ready = store.status.phase !== "empty";
    this.chart.setTakes(ready, ready && rules.some(({ id }) => store.rule(id)?.learns_feedback));
    this.follow();
  }

  /** By the rule that is shown, if it does that; else by the first that does. */
  showStep(step: PhaseId): void {
    const rule = this.ruleFor(step);
    if (rule === null) return;
    this.choose(rule);
    this.chart.goTo(rule, step);
  }

  private ruleFor(step: PhaseId): string | null {
    const { store } = this;
    if (store === null) return null;
    const able = rulesFollowing(store, step);
    return able.find((id) => id === this.rule) ?? able[0] ?? null;
  }

  private get lane() {
    return this.store?.status.lanes.find((lane) => lane.rule === this.rule);
  }

  private get training(): boolean {
    const phase = this.store?.status.phase;
    return phase === "running" || phase === "stepping";
  }

  /** Asks the run when there is reason to. */
  private follow(): void {
    const { lane, moment } = this;
    if (lane === undefined) return;
    const at = moment?.view.step ?? -1;
    // The run went back to its beginning: what is shown is of a run that is gone.
    if (lane.step < at) this.drop();
    const moved = lane.step !== at;
    this.chart.setRun(this.training, moment === null ? 0 : lane.step - at);
    if (this.stepping !== null) {
      if (lane.step > this.stepping) this.ask();
      return;
    }
    if (this.moment === null || this.wantsNewest) this.ask();
    else if (moved && !this.chart.holding) {
      if (!this.training) {
        this.ask();
        return;
      }
      // Never within the frame that trains, which is full already.
      const calm = Math.max(LOOK_MS, this.cost / LOOK_SHARE);
      const wait = Math.max(0, this.askedAt + calm - performance.now());
      this.timer ??= setTimeout(() => {
        this.timer = null;
        if (!this.chart.holding) this.ask();
      }, wait);
    }
  }

  private drop(): void {
    this.moment = null;
    this.stepping = null;
    this.sample = 0;
    this.chart.clear();
  }

  private ask(): void {
    const { rule, store } = this;
    if (this.asking || rule === null || store === null || store.digits === null) return;
    this.asking = true;
    this.wantsNewest = false;
    this.askedAt = performance.now();
    const { digits } = store;
    // The first look comes in the frame that makes the network, and takes as long: it waits for that frame's end.
    const free = new Promise<void>((resolve) =>
      this.moment === null ? setTimeout(resolve) : resolve(),
    );
    const answer = free.then(() => {
      this.askedAt = performance.now();
      const found = this.host.ask(rule, momentOf);
      this.cost = performance.now() - this.askedAt;
      return found;
    });
    void answer.then((moment) => {
      this.asking = false;
      // Meanwhile the reader may have chosen another rule, or other digits came.
      if (rule !== this.rule || digits !== this.digits) {
        this.follow();
        return;
      }
      if (moment === null) return;
      const playOn = this.stepping !== null;
      if (this.chart.holding && this.moment !== null && !playOn && !this.refreshing) return;
      this.refreshing = false;
      this.stepping = null;
      this.moment = moment;
      this.show();
      if (playOn) this.chart.playOn();
    });
  }
  /** The reader asked for the newest step while one was held. */
  private refreshing = false;

  private show(): void {
    const { moment, store, digits, rule } = this;
    const info = store?.rule(rule ?? "");
    if (moment === null || digits === null || info === undefined) return;
    const { view, config } = moment;
    this.sample = Math.min(this.sample, view.samples.length - 1);
    const index = view.samples[this.sample] ?? 0;
    this.shownRule = info.id;
    this.chart.set({
      rule: info as RuleInfo & RuleStyle,
      moment,
      sample: this.sample,
      shape: { rows: digits.rows, cols: digits.cols, channels: digits.channels },
      label: this.labels?.[index] ?? null,
      target: config.task === "autoencoder" ? digits.data.image("train", index) : null,
    });
    const lane = this.lane;
    this.chart.setRun(this.training, lane === undefined ? 0 : lane.step - view.step);
  }

  private choose(rule: string): void {
    if (rule === this.rule || this.store === null) return;
    // What is shown without a choice is no choice: the link stays short.
    this.onSetting("netRule", rule === rulesShown(this.store)[0]?.id ? "" : rule);
  }

  private wantOther(): void {
    this.stepping = null;
    this.refreshing = true;
    this.wantsNewest = true;
  }

  private newest(): void {
    this.refreshing = true;
    this.ask();
  }

  private otherDigit(): void {
    const n = this.moment?.view.samples.length ?? 0;
    if (n === 0 || this.shownRule !== this.rule) return;
    this.sample = (this.sample + 1) % n;
    this.show();
  }

  /** The step that is shown, by all weights or some; then the one after it. */
  private take(part: Part | null): void {
    if (part === null) this.host.stepBy(1);
    else this.host.stepOnly(part);
  }

  /** A run that rests does exactly the step that was played; one that trains has long done it. */
  private stepOver(): void {
    const { lane, moment } = this;
    if (lane === undefined || moment === null || lane.stopped !== null) return;
    this.stepping = moment.view.step;
    if (!this.training && lane.step === moment.view.step) this.host.stepBy(1);
    else this.ask();
  }
}

export const network: Figure = {
  id: "network",
  title: N.title,
  tasks: BOTH,
  area: "full",
  options: [],
  needs: null,
  topics: ["status", "config", "digits"],
  caption: () => N.caption,
  mount: (host, onSetting) => new Follower(host, onSetting),
};
