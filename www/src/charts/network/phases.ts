/** The phases of one training step, which of them a rule has, and where the scrubber stands among them. */
import type { RuleInfo } from "../../engine/protocol";

export type PhaseId = "clean" | "noisy" | "loss" | "correlate" | "feedback" | "mirror" | "update";

/** In the order in which they happen. */
export function phasesOf(rule: Pick<RuleInfo, "id" | "perturbs">): readonly PhaseId[] {
  const perturbs = rule.perturbs === true;
  const phases: PhaseId[] = ["clean"];
  if (perturbs) phases.push("noisy");
  phases.push("loss");
  if (perturbs) phases.push("correlate");
  if (rule.id !== "perturb") phases.push("feedback");
  if (rule.id === "mirror") phases.push("mirror");
  phases.push("update");
  return phases;
}

/** Whether a rule does what the article's step of that name says: there, feedback learns from the verdicts. */
export function follows(rule: Pick<RuleInfo, "id" | "perturbs">, step: PhaseId): boolean {
  const phases = phasesOf(rule);
  return phases.includes(step) && (step !== "feedback" || phases.includes("correlate"));
}

/** The article's step that tells of a phase, if one does. */
export function toldIn(rule: Pick<RuleInfo, "id" | "perturbs">, phase: PhaseId): PhaseId | null {
  if (phase === "mirror") return null;
  if (phase === "loss") return rule.perturbs === true ? "noisy" : "clean";
  // What takes the error down without having learned to is compared with backpropagation in the last one.
  return phase === "feedback" && !follows(rule, phase) ? "update" : phase;
}

/** Of the article's step, within the page. */
export const stepAnchor = (step: PhaseId): string => `how-${step}`;

/** Positions on the scrubber within one phase. */
export const TICKS = 50;

export interface Place {
  readonly index: number;
  readonly phase: PhaseId;
  /** 0 to 1 within the phase. */
  readonly progress: number;
}

/** `position` runs from 0 to the number of phases; a whole number is the end of a phase, not the next one's start. */
export function placeOf(phases: readonly PhaseId[], position: number): Place {
  const clamped = Math.min(phases.length, Math.max(0, position));
  const index = Math.max(0, Math.ceil(clamped) - 1);
  return { index, phase: phases[index] ?? "clean", progress: clamped - index };
}

/** How long a phase plays, in ms, and how long its last picture stays. */
const PLAY_MS: Readonly<Record<PhaseId, number>> = {
  clean: 2600,
  noisy: 2800,
  loss: 1500,
  correlate: 2600,
  feedback: 3000,
  mirror: 2400,
  update: 2800,
};
export const DWELL_MS = 1100;

/** Play's clock: moves on through phases, rests at the end of each, and says when the step is over. */
export class Playhead {
  private rest = 0;

  constructor(
    private readonly phases: readonly PhaseId[],
    public position: number,
  ) {}

  /** Returns true once all phases have been played and the last has been looked at. */
  advance(ms: number): boolean {
    let left = ms;
    while (left > 0) {
      if (this.rest > 0) {
        const pause = Math.min(left, this.rest);
        this.rest -= pause;
        left -= pause;
        continue;
      }
      if (this.position >= this.phases.length) break;
      const index = Math.floor(this.position);
      const per = PLAY_MS[this.phases[index] ?? "clean"];
      const need = (index + 1 - this.position) * per;
      const take = Math.min(left, need);
      left -= take;
      if (take >= need) {
        this.position = index + 1;
        this.rest = DWELL_MS;
      } else this.position += take / per;
    }
    return this.rest <= 0 && this.position >= this.phases.length;
  }
}

/** Share of a wave's passage at the `k`-th of `n` stations: 0 before it comes, 1 when it has passed. */
export function arrival(progress: number, k: number, n: number): number {
  return smooth(Math.min(1, Math.max(0, progress * n - k)));
}

export function smooth(x: number): number {
  return x * x * (3 - 2 * x);
}
