/**
 * Draws what was marked, at most once per animation frame, and no longer than a few milliseconds:
 * what does not fit waits for the next frame, so charts never compete with training for a whole frame.
 */
export interface Drawable {
  draw(): void;
}

/** Share of one 16.7 ms frame that drawing may take before it yields, in ms. */
const BUDGET_MS = 5;

export class DrawQueue {
  private readonly dirty = new Set<Drawable>();
  private frame: number | null = null;
  private spent = 0;

  constructor(
    private readonly now: () => number,
    private readonly request: (callback: () => void) => number,
    private readonly cancel: (handle: number) => void,
  ) {}

  /** Time spent drawing since this was last asked, in ms: whoever computes gives that much back. */
  takeSpent(): number {
    const spent = this.spent;
    this.spent = 0;
    return spent;
  }

  mark(item: Drawable): void {
    this.dirty.add(item);
    this.frame ??= this.request(() => this.flush());
  }

  drop(item: Drawable): void {
    this.dirty.delete(item);
  }

  destroy(): void {
    this.dirty.clear();
    if (this.frame !== null) this.cancel(this.frame);
    this.frame = null;
  }

  private flush(): void {
    this.frame = null;
    const start = this.now();
    for (const item of this.dirty) {
      this.dirty.delete(item);
      item.draw();
      if (this.now() - start > BUDGET_MS) break;
    }
    this.spent += this.now() - start;
    if (this.dirty.size > 0) this.frame = this.request(() => this.flush());
  }
}
