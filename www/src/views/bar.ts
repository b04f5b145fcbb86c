/** The bar above the instrument: run controls, the run's numbers, how the rules stand, progress and notices. */
import { settingOf } from "../config";
import { h, setText } from "../dom";
import { count } from "../format";
import { M } from "../messages";
import type { EngineStatus, Store } from "../store";
import { LiveRegion } from "./live";
import { Standing } from "./standing";
import { Transport, type TransportHost } from "./transport";

/** Pause between two updates of the running numbers, in ms: faster ones cannot be read. */
const NUMBERS_MS = 100;

export interface BarHost extends TransportHost {
  readonly store: Store;
  readonly now: () => number;
  /** The reader wants to see the curves. */
  onCurves(): void;
  /** Null while the rule has no simulator. */
  size(rule: string): { readonly parameters: number; readonly flopsPerStep: number } | null;
}

export class Bar {
  readonly element: HTMLElement;
  /** Says the same to screen readers. */
  readonly live: LiveRegion;
  private readonly transport: Transport;
  private readonly line = h("p", { class: "status-line" });
  private shownAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly host: BarHost,
    progress: HTMLElement,
    notices: HTMLElement,
  ) {
    const standing = new Standing(host.store, host.now, () => host.onCurves());
    this.transport = new Transport(host, [standing.element, progress, this.line]);
    this.live = new LiveRegion(host.now);
    this.element = h("div", { class: "bar" }, this.transport.element, notices);
  }

  /** A change of phase shows at once, running numbers at a pace that can be read. */
  due(before: EngineStatus, status: EngineStatus): boolean {
    const same = before.phase === status.phase && before.suspended === status.suspended;
    return !same || status.phase !== "running" || this.host.now() - this.shownAt >= NUMBERS_MS;
  }

  /** `armed`: Run was pressed and waits for the digits. What is out of sight is not read out either. */
  show(armed: boolean, inSight: boolean): void {
    const { store, now } = this.host;
    this.shownAt = now();
    this.transport.set(store.status, armed);
    setText(this.line, this.text());
    if (inSight) this.live.update(store);
  }

  setBudget(ms: number): void {
    this.transport.setBudget(ms);
  }

  private text(): string {
    const { store, size } = this.host;
    const { status } = store;
    if (status.suspended && status.phase === "running") return M.status.hidden;
    if (status.phase === "finished") return M.status.finished(count(status.iteration));
    const alive = status.lanes.filter((lane) => lane.stopped === null);
    const interval = settingOf(store.built, "interval");
    const behind = alive.filter((lane) => status.iteration - lane.step > interval);
    const slowest = behind[0];
    if (slowest !== undefined && status.phase === "running") {
      const names = behind.map((lane) => store.rule(lane.rule)?.short ?? lane.rule).join(", ");
      return M.status.catchingUp(names, count(slowest.step), count(status.iteration));
    }
    const found = alive[0] === undefined ? null : size(alive[0].rule);
    return found === null
      ? ""
      : M.size(count(found.parameters), (found.flopsPerStep / 1e6).toPrecision(2));
  }
}
