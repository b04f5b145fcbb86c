/**
 * Looks at a run again and again, at a calm pace: at once when something else is asked, after a pause while the
 * answer may have changed, never twice at a time.
 */
import type { Store } from "../store";

/** Pause between two looks at a run that goes on, in ms, unless another is given. */
const CALM_MS = 2000;
/** Until a run that is not there yet is asked again. */
const RETRY_MS = 300;

export class Follow {
  private asked = "";
  private askedAt = Number.NEGATIVE_INFINITY;
  private busy = false;
  private stopped = false;
  /** Asked while an answer was under way. */
  private missed = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly again: () => void,
    private readonly calmMs = CALM_MS,
  ) {}

  /**
   * `what` is asked for, of a run as `stamp` describes it. A null answer is no answer; `take` gets the others unless
   * something else was asked meanwhile.
   */
  ask<T>(
    what: string,
    stamp: string,
    question: () => Promise<T | null>,
    take: (answer: T) => void,
  ): void {
    if (this.stopped) return;
    if (this.busy) {
      this.missed = true;
      return;
    }
    const mark = `${what}\n${stamp}`;
    if (mark === this.asked) return;
    const wait = this.asked.startsWith(`${what}\n`)
      ? this.askedAt + this.calmMs - performance.now()
      : 0;
    if (wait > 0) {
      this.later(wait);
      return;
    }
    this.busy = true;
    this.missed = false;
    this.asked = mark;
    this.askedAt = performance.now();
    // Not within the frame that brought the news: training and drawing have their shares of it.
    const asked = new Promise<void>((resolve) => setTimeout(resolve)).then(() =>
      this.stopped ? null : question(),
    );
    void asked.then((answer) => {
      this.busy = false;
      if (this.stopped) return;
      if (answer === null) {
        this.asked = "";
        if (this.missed) this.later(RETRY_MS);
        return;
      }
      take(answer);
      // Not unless somebody wanted more: off screen nobody does.
      if (this.missed) this.again();
    });
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private later(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.again();
    }, ms);
  }
}

/** Changes when the run has moved on, or is another one. */
export function stampOf(store: Store, rule: string): string {
  const lane = store.status.lanes.find((lane) => lane.rule === rule);
  const latest = store.history.latest(rule);
  return `${lane?.step ?? -1}/${latest?.step ?? -1}/${latest?.train_loss ?? 0}`;
}
