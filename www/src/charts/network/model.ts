/**
 * One training step of one run, laid open, and the few readers that every part of the diagram uses.
 * Layers are counted as the paper counts them: 0 is the input, the last one the output.
 */
import type { LayerView, RuleInfo, RunConfig, StepView } from "../../engine/protocol";
import type { RuleStyle } from "../chart";
import type { PictureShape } from "../digit-grid";

/** Everything that was read out of a run at one moment. */
export interface Moment {
  readonly config: RunConfig;
  readonly view: StepView;
  /** W of layer l at l − 1: units × inputs. */
  readonly w: readonly Float32Array[];
  /** B of layer l at l − 1, null where there is none; direct rules: outputs × units below. */
  readonly b: readonly (Float32Array | null)[];
}

export interface NetworkData {
  readonly rule: RuleInfo & RuleStyle;
  readonly moment: Moment;
  /** Position in the batch. */
  readonly sample: number;
  /** The picture that goes in. */
  readonly shape: PictureShape;
  /** The digit's name, if known. */
  readonly label: number | null;
  /** What an autoencoder has to draw: the clean picture, in bytes. */
  readonly target: Uint8Array | null;
}

/** Per-unit values that the core hands out. */
export type Field = "h" | "noisy" | "xi" | "lambdaHat" | "lambda" | "truth" | "e";

export const depthOf = (moment: Moment): number => moment.view.layers.length;

export function unitsOf(moment: Moment, layer: number): number {
  return moment.config.sizes[layer] ?? 0;
}

export function layerOf(moment: Moment, layer: number): LayerView | undefined {
  return moment.view.layers[layer - 1];
}

/** A value of one unit for one digit of the batch; null where the rule has none. */
export function readingOf(
  moment: Moment,
  sample: number,
  layer: number,
  unit: number,
  field: Field,
): number | null {
  const n = unitsOf(moment, layer);
  if (layer === 0) return field === "h" ? (moment.view.input[sample * n + unit] ?? null) : null;
  return layerOf(moment, layer)?.[field]?.[sample * n + unit] ?? null;
}

/** One digit's row of a layer. */
export function rowOf(
  moment: Moment,
  sample: number,
  layer: number,
  field: Field,
): Float32Array | null {
  const n = unitsOf(moment, layer);
  const all =
    layer === 0 ? (field === "h" ? moment.view.input : null) : layerOf(moment, layer)?.[field];
  return all == null ? null : all.subarray(sample * n, (sample + 1) * n);
}

/** W^layer from unit `below` to unit `above`. */
export function weightOf(moment: Moment, layer: number, above: number, below: number): number {
  return moment.w[layer - 1]?.[above * unitsOf(moment, layer - 1) + below] ?? 0;
}

/** The layer whose error B^layer is fed by. */
export function sourceOf(data: Pick<NetworkData, "rule" | "moment">, layer: number): number {
  return data.rule.direct ? depthOf(data.moment) : layer;
}

/** B into layer − 1 from unit `above` of its source; backpropagation has W there. Null for rules without. */
export function feedbackOf(
  data: Pick<NetworkData, "rule" | "moment">,
  layer: number,
  above: number,
  below: number,
): number | null {
  if (data.rule.id === "perturb" || layer < 2) return null;
  if (data.rule.id === "bp") return weightOf(data.moment, layer, above, below);
  const b = data.moment.b[layer - 1];
  return b == null ? null : (b[above * unitsOf(data.moment, layer - 1) + below] ?? null);
}

/** Errors travel through wires of their own, or for `bp` through W itself. */
export function hasFeedback(rule: Pick<RuleInfo, "id">): boolean {
  return rule.id !== "perturb";
}

/** Whether the output is a picture, as an autoencoder's is. */
export function drawsPicture({ config }: Moment): boolean {
  return config.task === "autoencoder";
}

/** Degrees between two vectors; null when one of them is nothing. */
export function angleBetween(
  a: ArrayLike<number> | null,
  b: ArrayLike<number> | null,
): number | null {
  if (a === null || b === null || a.length !== b.length) return null;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (aa === 0 || bb === 0) return null;
  const cos = Math.min(1, Math.max(-1, ab / Math.sqrt(aa * bb)));
  return (Math.acos(cos) * 180) / Math.PI;
}

/** Largest magnitude, 0 for nothing. */
export function largest(values: ArrayLike<number> | null): number {
  let most = 0;
  for (let i = 0; i < (values?.length ?? 0); i++) most = Math.max(most, Math.abs(values?.[i] ?? 0));
  return most;
}
