/**
 * What a figure of the instrument is: for which tasks it exists, which settings choose its display, and how
 * the store's content becomes its chart's columns. A new figure is a file in this folder and an entry in index.ts.
 */
import type { Chart, ChartHost, RuleStyle } from "../charts/chart";
import type { PhaseId } from "../charts/network/phases";
import { type SettingKey, settingOf } from "../config";
import type { OnSetting } from "../controls/settings";
import type { Part, SimulatorHandle } from "../engine/protocol";
import type { Store, Task, Topic } from "../store";

/** Charts that answer a pointer, or look closer than the store does, ask one rule's run. */
export interface FigureHost extends ChartHost {
  output(rule: string, index: number): Promise<Float32Array | null>;
  /** Null when the rule has no run that can answer. */
  ask<T>(rule: string, question: (run: SimulatorHandle) => Promise<T>): Promise<T | null>;
  /** Exactly `n` more iterations of every rule, then a pause. */
  stepBy(n: number): void;
  /** One more iteration in which only these weights change, then a pause. */
  stepOnly(part: Part): void;
}

export interface MountedFigure {
  readonly chart: Chart;
  update(store: Store): void;
  /** Shows a step of the article, where a rule of the run does it. */
  showStep?(step: PhaseId): void;
}

export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly tasks: readonly Task[];
  readonly area: "wide" | "narrow" | "third" | "full";
  readonly topics: readonly Topic[];
  /** Its first picture costs the run a tenth of a second: it comes when it is seen, not while the page opens. */
  readonly whenSeen?: boolean;
  /** It is a table itself: another one below would say the same again. */
  readonly tabular?: boolean;
  readonly options: readonly SettingKey[];
  /** Pictures the engine has to read out while the figure is on screen. */
  readonly needs: "outputs" | "latent" | null;
  caption(store: Store): string;
  /** What the reader chooses to look at goes through `onSetting` into the configuration, and so into the link. */
  mount(host: FigureHost, onSetting: OnSetting): MountedFigure;
}

export const BOTH: readonly Task[] = ["autoencoder", "classifier"];

export function rulesShown(store: Store): RuleStyle[] {
  return settingOf(store.config, "rules").flatMap((id) => {
    const rule = store.rule(id);
    return rule === undefined ? [] : [rule];
  });
}
