/** Iterations per second over the last two seconds: calm enough to read, quick enough to trust. */

const WINDOW_MS = 2000;

export class RateMeter {
  private samples: { t: number; n: number }[] = [];

  add(t: number, n: number): void {
    this.samples.push({ t, n });
    while (this.samples.length > 2 && t - (this.samples[0]?.t ?? t) > WINDOW_MS)
      this.samples.shift();
  }

  reset(): void {
    this.samples = [];
  }

  /** Null until a fifth of a second has been seen. */
  value(): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.t - first.t < 200) return null;
    return ((last.n - first.n) * 1000) / (last.t - first.t);
  }
}
