/** What is drawn of one step, worked out once: wires in strengths, scales, pictures. Frames only read it. */
import { digitCanvas } from "../digit-grid";
import { type Palette, rgb } from "../palette";
import type { Curve } from "./curve";
import type { Layout } from "./layout";
import {
  depthOf,
  drawsPicture,
  type Field,
  largest,
  layerOf,
  type NetworkData,
  readingOf,
  rowOf,
  unitsOf,
} from "./model";
import { type Wire, wiresOf } from "./wires";

/** Wires of about one strength: a frame strokes dozens of paths, not hundreds. */
export interface Bundle {
  readonly share: number;
  readonly curves: readonly Curve[];
}

export interface Strands {
  readonly wires: readonly Wire[];
  readonly bundles: readonly Bundle[];
  /** Change of each wire's weight by this step as a share of the largest drawn, with its sign. */
  readonly change: readonly number[] | null;
}

export interface Scene {
  readonly data: NetworkData;
  readonly layout: Layout;
  readonly depth: number;
  readonly w: readonly Strands[];
  readonly b: readonly Strands[];
  /** Value that fills a unit of a layer completely. */
  scale(layer: number, field: Field): number;
  picture(kind: PictureKind): HTMLCanvasElement | null;
}

export type PictureKind = "input" | "output" | "target" | "change" | "error";

const LEVELS = 4;

export function sceneOf(data: NetworkData, layout: Layout, palette: Palette): Scene {
  const { moment } = data;
  const depth = depthOf(moment);
  const wires = wiresOf(data, layout);
  const scales = new Map<string, number>();
  const pictures = new Map<PictureKind, HTMLCanvasElement | null>();
  return {
    data,
    layout,
    depth,
    w: wires.w.map((list, i) => strands(list, changes(data, list, i + 1))),
    b: wires.b.map((list, i) => strands(list, changes(data, list, i + 1))),
    scale: (layer, field) => {
      const key = `${layer}/${field}`;
      let scale = scales.get(key);
      if (scale === undefined) {
        scale = scaleOf(data, layer, field) || 1;
        scales.set(key, scale);
      }
      return scale;
    },
    picture: (kind) => {
      let picture = pictures.get(kind);
      if (picture === undefined) {
        picture = pictureOf(data, kind, palette);
        pictures.set(kind, picture);
      }
      return picture;
    },
  };
}

function strands(wires: readonly Wire[], change: readonly number[] | null): Strands {
  const bundles: Bundle[] = [];
  for (let level = 0; level < LEVELS; level++) {
    const own = wires.filter(
      ({ share }) => Math.min(LEVELS - 1, Math.floor(share * LEVELS)) === level,
    );
    if (own.length > 0)
      bundles.push({ share: (level + 0.5) / LEVELS, curves: own.map((w) => w.curve) });
  }
  return { wires, bundles, change };
}

/** Gradient for the matrix that the wire belongs to; matched updates give B what they give W. */
export function gradientOf(data: NetworkData, wire: Wire): number | null {
  const { moment, rule } = data;
  const view = layerOf(moment, wire.layer);
  const of = wire.kind === "w" || rule.id === "matched" ? view?.dW : view?.dB;
  if (of == null) return null;
  return of[wire.above * unitsOf(moment, wire.layer - 1) + wire.below] ?? null;
}

/** Weights move against their gradients. */
function changes(data: NetworkData, wires: readonly Wire[], _layer: number): number[] | null {
  // Feedback that is W itself has no change of its own.
  if (data.rule.id === "bp" && wires[0]?.kind === "b") return null;
  const raw = wires.map((wire) => gradientOf(data, wire));
  if (raw.length === 0 || raw.some((g) => g === null)) return null;
  const most = largest(raw.map((g) => g ?? 0)) || 1;
  return raw.map((g) => -(g ?? 0) / most);
}

function scaleOf(data: NetworkData, layer: number, field: Field): number {
  const { moment, sample } = data;
  if (field === "h" || field === "noisy") {
    const act = moment.config.activations[layer - 1];
    if (layer === 0 || act === "tanh" || act === "sigmoid" || act === "softmax") return 1;
    if (layer === depthOf(moment)) return 1;
    return largest(layerOf(moment, layer)?.h ?? null);
  }
  if (field === "xi") return 1;
  if (field === "lambda" || field === "truth") {
    // Beside each other, so on one scale.
    return Math.max(
      largest(rowOf(moment, sample, layer, "lambda")),
      largest(rowOf(moment, sample, layer, "truth")),
    );
  }
  return largest(rowOf(moment, sample, layer, field));
}

/** A value as a share of its scale, −1 to 1. */
export function shareOf(scene: Scene, layer: number, unit: number, field: Field): number | null {
  const value = readingOf(scene.data.moment, scene.data.sample, layer, unit, field);
  if (value === null) return null;
  return Math.min(1, Math.max(-1, value / scene.scale(layer, field)));
}

function pictureOf(
  data: NetworkData,
  kind: PictureKind,
  palette: Palette,
): HTMLCanvasElement | null {
  const { moment, sample, shape } = data;
  const ramp = palette.ramp();
  const depth = depthOf(moment);
  if (kind === "input") {
    const x = rowOf(moment, sample, 0, "h");
    return x === null ? null : digitCanvas(x, 1, shape, ramp);
  }
  if (!drawsPicture(moment)) return null;
  const h = rowOf(moment, sample, depth, "h");
  if (h === null) return null;
  if (kind === "output") return digitCanvas(h, 1, shape, ramp);
  if (kind === "target") return data.target && digitCanvas(data.target, 255, shape, ramp);
  if (kind === "error") {
    const e = rowOf(moment, sample, depth, "e");
    return e && signedCanvas(e, data, palette);
  }
  const noisy = rowOf(moment, sample, depth, "noisy");
  if (noisy === null) return null;
  return signedCanvas(
    noisy.map((v, i) => v - (h[i] ?? 0)),
    data,
    palette,
  );
}

/** Signed values between two colours around paper; channels are added up, and the largest value is full. */
export function signedCanvas(
  values: Float32Array,
  { shape }: Pick<NetworkData, "shape">,
  palette: Palette,
): HTMLCanvasElement | null {
  const { rows, cols, channels } = shape;
  const canvas = document.createElement("canvas");
  canvas.width = cols;
  canvas.height = rows;
  const ctx = canvas.getContext("2d");
  if (ctx === null) return null;
  const image = ctx.createImageData(cols, rows);
  const paper = rgb(palette.get("--digit-paper"));
  const ends = [rgb(palette.get("--map-minus")), rgb(palette.get("--map-plus"))];
  const sums = new Float32Array(rows * cols);
  for (let i = 0; i < sums.length; i++)
    for (let c = 0; c < channels; c++) sums[i] = (sums[i] ?? 0) + (values[i * channels + c] ?? 0);
  const most = largest(sums) || 1;
  for (let i = 0; i < sums.length; i++) {
    const v = (sums[i] ?? 0) / most;
    const end = ends[v < 0 ? 0 : 1];
    // The root lifts small values, of which there are many.
    const a = Math.sqrt(Math.abs(v));
    for (let c = 0; c < 3; c++)
      image.data[4 * i + c] = (paper[c] ?? 0) + a * ((end?.[c] ?? 0) - (paper[c] ?? 0));
    image.data[4 * i + 3] = 255;
  }
  ctx.putImageData(image, 0, 0);
  return canvas;
}
