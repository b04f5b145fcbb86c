/** Where a run is to stop by itself: at a test loss (a setting), or at the iteration of a link. No DOM. */
import { clip, parseNumber } from "../config-url";

/** Longest way that a link may send a page, in iterations. */
const FARTHEST = 10_000_000;

/** Every rule that reaches the target says so once; the run can then go on to the next one. */
export class Target {
  private readonly reached = new Set<string>();
  private last = 0;

  /** True when `rule` has come down to `target` (0: none) for the first time. */
  check(rule: string, loss: number, target: number): boolean {
    // Another target is another race.
    if (target !== this.last) this.reached.clear();
    this.last = target;
    if (target <= 0 || !(loss <= target) || this.reached.has(rule)) return false;
    this.reached.add(rule);
    return true;
  }

  forget(rule?: string): void {
    if (rule === undefined) this.reached.clear();
    else this.reached.delete(rule);
  }
}

/** `at=N` of an address. */
export function readAt(params: string): { at: number | null; bad: string | null } {
  const raw = new URLSearchParams(params.slice(0, 8192).replace(/^[#?]/, "")).get("at");
  if (raw === null) return { at: null, bad: null };
  const read = parseNumber(raw, 1, FARTHEST, true);
  if (read.problem !== null || typeof read.value !== "number") return { at: null, bad: clip(raw) };
  return { at: read.value, bad: null };
}
