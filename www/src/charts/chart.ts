/**
 * What a chart is: it takes columns, marks itself dirty, and draws when the queue calls it.
 *
 * A chart never asks for data and never knows who computes it. Beside the pixels it can say what it
 * shows in a sentence and as a table, and paint itself into any canvas for an image file.
 */
import type { Zoom } from "./line-zoom";
import type { Palette } from "./palette";
import type { DrawQueue } from "./queue";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Chart {
  /** Everything the figure shows between its title and its caption. */
  readonly element: HTMLElement;
  /** The part that is one picture to a screen reader; the figure writes its label, calmly. */
  readonly image: HTMLElement;
  /** Buttons that belong to it, for the figure's foot. */
  readonly footTools?: HTMLElement;
  draw(): void;
  /** Colours or size changed: draw everything anew. */
  restyle(): void;
  /** The rules it shows at the moment. */
  rules(): readonly RuleStyle[];
  summary(): string;
  table(): Table;
  /** Draws into `ctx` at the origin, `width` wide (units: CSS pixels at scale 1); returns the height. */
  paint(ctx: CanvasRenderingContext2D, width: number): number;
  destroy(): void;
}

/** Event of a chart's element: what it shows has changed by an answer to a question of its own. */
export const ANSWERED = "answered";

/** What a chart may use of its surroundings. */
export interface ChartHost {
  readonly queue: DrawQueue;
  readonly palette: Palette;
  /** Cursor positions are shared within one instance, never across instances. */
  readonly syncKey: string;
  /** What part of the iterations is shown, shared within one instance as well. */
  readonly zoom?: Zoom;
}

/** One learning rule as charts see it. */
export interface RuleStyle {
  readonly id: string;
  readonly short: string;
  readonly label: string;
}
