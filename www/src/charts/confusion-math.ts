/** Counts of what was taken for what. */
import { argmax } from "./scores";

export interface Confusion {
  readonly classes: number;
  /** Row: class shown; column: class called; classes × classes. */
  readonly counts: Uint32Array;
}

/** `outputs`: one row of scores a sample, for the first samples that have labels. */
export function confusionOf(
  outputs: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): Confusion {
  const counts = new Uint32Array(classes * classes);
  for (let i = 0; (i + 1) * classes <= outputs.length; i++) {
    const called = argmax(outputs.subarray(i * classes, (i + 1) * classes));
    const at = (labels[i] ?? 0) * classes + called;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { classes, counts };
}

/** Each count as a share of its row; zero in empty rows. */
export function shares({ classes, counts }: Confusion): Float32Array {
  const parts = new Float32Array(counts.length);
  for (let i = 0; i < classes; i++) {
    const row = counts.subarray(i * classes, (i + 1) * classes);
    const all = row.reduce((sum, n) => sum + n, 0);
    row.forEach((n, k) => {
      parts[i * classes + k] = all === 0 ? 0 : n / all;
    });
  }
  return parts;
}

export interface Mistake {
  readonly shown: number;
  readonly called: number;
  readonly n: number;
}

/** Most frequent first. */
export function mistakes({ classes, counts }: Confusion): Mistake[] {
  const list: Mistake[] = [];
  counts.forEach((n, i) => {
    const shown = Math.floor(i / classes);
    const called = i % classes;
    if (n > 0 && shown !== called) list.push({ shown, called, n });
  });
  return list.sort((a, b) => b.n - a.n);
}
