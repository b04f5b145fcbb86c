/**
 * How arms look: a hue for the method, lighter to darker for its levels of noise or widths, and a dash pattern of
 * its own for every arm, so that no curve is told apart by colour alone.
 */
import type { RuleStyle } from "../charts/chart";
import { Palette, rgb } from "../charts/palette";
import type { PresetArm } from "./binding";

export interface ArmStyle extends RuleStyle {
  readonly dash: readonly number[];
  /** Custom property with the hue. */
  readonly hue: string;
  /** From -1, towards paper, to 1, towards ink. */
  readonly shade: number;
}

/** Told apart at a line's width; the first is for the first arm. */
const DASHES: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 2.5],
  [9, 3, 2, 3],
  [4, 3],
  [12, 3, 2, 3, 2, 3],
  [1, 3],
];
/** Hues for a second and third method with the same rule, e.g. backpropagation by Adam. */
const OTHERS = ["--rule-mirror", "--rule-sign", "--rule-dfa", "--rule-perturb"] as const;

function method({ config, x }: PresetArm): string {
  const { rule, optimizer, noise } = config;
  return [rule, optimizer, noise === "inputs", x !== null].join("/");
}

export function armStyles(arms: readonly PresetArm[]): ArmStyle[] {
  const hues = new Map<string, string>();
  const rules = new Set<string>();
  let others = 0;
  for (const arm of arms) {
    const key = method(arm);
    if (hues.has(key)) continue;
    const { rule } = arm.config;
    hues.set(key, rules.has(rule) ? (OTHERS[others++ % OTHERS.length] ?? "") : `--rule-${rule}`);
    rules.add(rule);
  }
  return arms.map((arm, i) => {
    const same = arms.filter((other) => method(other) === method(arm));
    return {
      id: arm.id,
      short: arm.label,
      label: arm.label,
      dash: DASHES[i % DASHES.length] ?? [],
      hue: hues.get(method(arm)) ?? "--rule-other",
      shade: same.length < 2 ? 0 : -0.3 + (0.95 * same.indexOf(arm)) / (same.length - 1),
    };
  });
}

/** The lab's palette, with arms in the place of rules. */
export class ArmPalette extends Palette {
  private arms = new Map<string, ArmStyle>();

  setArms(styles: readonly ArmStyle[]): void {
    this.arms = new Map(styles.map((style) => [style.id, style]));
  }

  override rule(id: string): string {
    const style = this.arms.get(id);
    if (style === undefined) return super.rule(id);
    const hue = this.get(style.hue) || this.get("--rule-other");
    const towards = this.get(style.shade < 0 ? "--paper" : "--ink");
    return mixed(hue, towards, Math.abs(style.shade));
  }
}

/** `share` of the second colour in the first, both as six hex digits. */
export function mixed(from: string, to: string, share: number): string {
  const [a, b] = [rgb(from), rgb(to)];
  const parts = a.map((v, i) => Math.round(v + ((b[i] ?? v) - v) * share));
  return `#${parts.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}
