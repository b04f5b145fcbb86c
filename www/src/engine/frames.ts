/**
 * Animation frames shared by all instruments of a page, so that ten of them cost a frame no more than one.
 *
 * Whoever wants to work asks for a turn. Each frame serves turns in the order they were asked for, until
 * one of them has worked; the rest comes first in the next frame. An instrument that trains asks again
 * at the end of its turn, so those that train take turns and get the same time. No DOM: the browser's own
 * frames are handed in.
 */

/** A frame in which this much was done, in ms, has had its work. */
const WORKED_MS = 3;

export class Frames {
  private readonly waiting = new Map<number, () => void>();
  private frame: number | null = null;
  private handles = 0;

  constructor(
    private readonly now: () => number,
    private readonly requestFrame: (callback: () => void) => number,
    private readonly cancelFrame: (handle: number) => void,
  ) {}

  request(callback: () => void): number {
    const handle = ++this.handles;
    this.waiting.set(handle, callback);
    this.ask();
    return handle;
  }

  cancel(handle: number): void {
    this.waiting.delete(handle);
    if (this.waiting.size > 0 || this.frame === null) return;
    this.cancelFrame(this.frame);
    this.frame = null;
  }

  private ask(): void {
    this.frame ??= this.requestFrame(() => this.serve());
  }

  private serve(): void {
    this.frame = null;
    const start = this.now();
    try {
      // A copy: what asks again during this frame waits for the next.
      for (const [handle, callback] of [...this.waiting]) {
        if (!this.waiting.delete(handle)) continue;
        callback();
        if (this.now() - start >= WORKED_MS) break;
      }
    } finally {
      if (this.waiting.size > 0) this.ask();
    }
  }
}
