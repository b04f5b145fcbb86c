/** Reads the run's state out to screen readers: changes of state at once, progress at a calm rate. */
import { h } from "../dom";
import { count, value } from "../format";
import { M } from "../messages";
import type { Store } from "../store";

/** Pause between two progress announcements, in ms. */
const CALM_MS = 15_000;

export class LiveRegion {
  readonly element = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  private last = Number.NEGATIVE_INFINITY;
  private phase = "";

  constructor(private readonly now: () => number) {}

  update(store: Store): void {
    const { phase, iteration, suspended } = store.status;
    const state = `${phase}${suspended}`;
    if (state !== this.phase) {
      this.phase = state;
      this.last = this.now();
      const text = this.stateText(store);
      if (text !== null) this.say(text);
      return;
    }
    if (phase !== "running" || this.now() - this.last < CALM_MS) return;
    this.last = this.now();
    this.say(M.status.live(count(iteration), losses(store)));
  }

  private stateText(store: Store): string | null {
    const { phase, iteration, suspended } = store.status;
    if (suspended && phase === "running") return M.status.hidden;
    if (phase === "running") return M.status.liveRunning;
    if (phase === "paused") return `${M.status.livePaused(count(iteration))} ${losses(store)}`;
    if (phase === "finished") return `${M.status.finished(count(iteration))} ${losses(store)}`;
    return null;
  }

  private say(text: string): void {
    this.element.textContent = text;
  }
}

function losses(store: Store): string {
  const parts = store.status.lanes.map((lane) => {
    const latest = store.history.latest(lane.rule);
    const short = store.rule(lane.rule)?.short ?? lane.rule;
    return `${short} ${value(latest?.test_loss)}`;
  });
  return M.loss.summary(parts.join("; "));
}
