/** The numbers of a phase, for one unit and one digit: what the panel, the table and the summary say. */
import { count, degrees, layerName, value } from "../../format";
import { NETWORK as N } from "../../messages/network";
import type { Table } from "../chart";
import { signed } from "./draw";
import {
  angleBetween,
  depthOf,
  drawsPicture,
  type Field,
  feedbackOf,
  layerOf,
  type NetworkData,
  readingOf,
  rowOf,
  sourceOf,
  unitsOf,
  weightOf,
} from "./model";
import type { PhaseId } from "./phases";
import { strongest } from "./wires";

export interface Row {
  /** In the notation of symbols.ts. */
  readonly symbol: string;
  readonly label: string;
  readonly value: string;
  /** A bar below, as a share of the room; negative ones have the other colour. */
  readonly bar?: number;
  readonly tone?: "noise" | "feedback";
}

export interface UnitAt {
  readonly layer: number;
  readonly unit: number;
}

/** "h³", with the output and the input under their own names. */
export function nameOf(data: NetworkData, layer: number): string {
  if (layer === 0) return "x";
  return layer === depthOf(data.moment) ? "ŷ" : layerName(`h${layer}`);
}

export function unitTitle(data: NetworkData, { layer, unit }: UnitAt): string {
  const output = layer === depthOf(data.moment) && !drawsPicture(data.moment);
  return output ? N.outputUnit(String(unit)) : N.unit(nameOf(data, layer), count(unit + 1));
}

/** The unit that is looked at to begin with: the one below the output that matters most for this digit. */
export function firstUnit(data: NetworkData, shown: readonly number[], layer: number): UnitAt {
  const [best] = strongest(shown.length, 1, (k) =>
    Math.abs(readingOf(data.moment, data.sample, layer, shown[k] ?? 0, "truth") ?? 0),
  );
  return { layer, unit: shown[best ?? 0] ?? 0 };
}

export function phaseRows(data: NetworkData, phase: PhaseId | "live", at: UnitAt): Row[] {
  const { moment, sample } = data;
  const read = (field: Field): number | null => readingOf(moment, sample, at.layer, at.unit, field);
  const plain = (symbol: string, label: string, n: number | null, tone?: Row["tone"]): Row[] =>
    n === null ? [] : [{ symbol, label, value: signed(n), ...(tone && { tone }) }];
  const hidden = at.layer < depthOf(moment);
  const c = moment.config.c_h;
  const xi = read("xi");
  switch (phase) {
    case "clean":
      return [...plain("h", N.rows.h, read("h")), ...inputs(data, at)];
    case "noisy":
      return [
        ...plain("h", N.rows.h, read("h")),
        ...(hidden ? plain("xi", N.rows.xi, xi, "noise") : []),
        ...(hidden && xi !== null ? plain("c_h xi", N.rows.pushed, c * xi, "noise") : []),
        ...plain("h~", N.rows.noisy, read("noisy")),
      ];
    case "loss":
      return lossRows(data);
    case "correlate":
      return [
        ...difference(data),
        ...plain("xi", N.rows.xi, xi, "noise"),
        { symbol: "c_h", label: N.rows.scale, value: value(c) },
        ...plain("lambda_hat", N.rows.lambdaHat, read("lambdaHat"), "noise"),
        ...plain("∂L/∂h", N.rows.truth, read("truth")),
        ...angle(data, at.layer, "lambdaHat", N.rows.angleHat),
      ];
    case "feedback":
    case "live":
    case "mirror":
      return [
        ...(phase === "live" ? plain("h", N.rows.h, read("h")) : []),
        ...(phase === "live" ? loss(data) : []),
        ...plain("lambda", N.rows.lambda, read("lambda"), "feedback"),
        ...plain("∂L/∂h", N.rows.truth, read("truth")),
        ...plain("e", N.rows.e, read("e"), "feedback"),
        ...angle(data, at.layer, "lambda", N.rows.angleDelivered),
      ];
    default:
      return updateRows(data, at);
  }
}

/** What comes in through the two wires that matter most. */
function inputs(data: NetworkData, { layer, unit }: UnitAt): Row[] {
  if (layer === 0) return [];
  const { moment, sample } = data;
  const below = rowOf(moment, sample, layer - 1, "h");
  if (below === null) return [];
  const sent = (i: number): number => weightOf(moment, layer, unit, i) * (below[i] ?? 0);
  return strongest(below.length, 2, (i) => Math.abs(sent(i))).map((i) => ({
    symbol: "W h",
    label: N.rows.from(inputName(data, layer - 1, i)),
    value: `${signed(weightOf(moment, layer, unit, i))} × ${signed(below[i])} = ${signed(sent(i))}`,
  }));
}

function inputName(data: NetworkData, layer: number, unit: number): string {
  if (layer > 0) return N.unitName(nameOf(data, layer), count(unit + 1));
  const { cols, channels } = data.shape;
  const pixel = Math.floor(unit / Math.max(1, channels));
  return N.pixel(Math.floor(pixel / cols) + 1, (pixel % cols) + 1);
}

function difference({ moment, sample }: NetworkData): Row[] {
  const d = moment.view.difference?.[sample];
  return d === undefined
    ? []
    : [{ symbol: "L~ - L", label: N.rows.difference, value: signed(d), tone: "noise" }];
}

function loss({ moment, sample }: NetworkData): Row[] {
  return [{ symbol: "L", label: N.rows.loss, value: value(moment.view.loss[sample]) }];
}

/** Bars: both losses on one scale, and their difference on the batch's. */
function lossRows(data: NetworkData): Row[] {
  const { view, config } = data.moment;
  const L = view.loss[data.sample] ?? 0;
  const d = view.difference?.[data.sample];
  const all = [...view.loss];
  const most = Math.max(...all, 1e-12);
  const mean = all.reduce((a, b) => a + b, 0) / Math.max(1, all.length);
  const rows: Row[] = [
    { symbol: "L", label: N.rows.loss, value: value(L), bar: Math.min(1, L / most) },
  ];
  if (d !== undefined && view.difference !== null) {
    const widest = view.difference.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1;
    const own = config.difference === "per_sample";
    if (own)
      rows.push({
        symbol: "L~",
        label: N.rows.lossNoisy,
        value: precise(L + d, L),
        bar: Math.min(1, (L + d) / most),
        tone: "noise",
      });
    rows.push({
      symbol: "L~ - L",
      label: own ? N.rows.difference : N.rows.batchDifference,
      value: signed(d),
      bar: d / widest,
      tone: "noise",
    });
    // The first was rounded for nobody in particular; beside the second it needs its digits.
    if (own) rows[0] = { ...(rows[0] as Row), value: precise(L, L) };
  }
  rows.push({ symbol: "", label: N.rows.batchLoss, value: value(mean) });
  return rows;
}

/** Enough digits to see a small change of a large number. */
function precise(n: number, like: number): string {
  return n.toFixed(Math.max(0, Math.min(6, 4 - Math.floor(Math.log10(Math.abs(like) || 1)))));
}

function angle(
  data: NetworkData,
  layer: number,
  field: "lambdaHat" | "lambda",
  label: string,
): Row[] {
  const { moment, sample } = data;
  const between = angleBetween(
    rowOf(moment, sample, layer, field),
    rowOf(moment, sample, layer, "truth"),
  );
  return between === null ? [] : [{ symbol: "", label, value: degrees(between) }];
}

/** The wires of the unit that this step changes most. */
function updateRows(data: NetworkData, { layer, unit }: UnitAt): Row[] {
  const { moment, rule } = data;
  const { config } = moment;
  const rows: Row[] = [];
  const view = layerOf(moment, layer);
  const inputsN = unitsOf(moment, layer - 1);
  // B^{layer + 1} ends at this unit: its column of that matrix.
  const back = layer + 1;
  if (layer < depthOf(moment)) {
    const source = sourceOf(data, back);
    const above = layerOf(moment, back);
    const dB = rule.id === "matched" ? above?.dW : above?.dB;
    const rate = rule.id === "matched" ? config.eta_w : config.eta_b;
    const n = unitsOf(moment, layer);
    if (dB != null) {
      const [j] = strongest(unitsOf(moment, source), 1, (k) => Math.abs(dB[k * n + unit] ?? 0));
      if (j !== undefined)
        rows.push({
          symbol: "B",
          label: N.rows.largestB,
          value: change(feedbackOf(data, back, j, unit) ?? 0, -rate * (dB[j * n + unit] ?? 0)),
          tone: "feedback",
        });
    }
  }
  const dW = view?.dW;
  if (dW == null) rows.push({ symbol: "", label: N.waitsW, value: "" });
  else {
    const [i] = strongest(inputsN, 1, (k) => Math.abs(dW[unit * inputsN + k] ?? 0));
    if (i !== undefined) {
      const g = dW[unit * inputsN + i] ?? 0;
      const w = weightOf(moment, layer, unit, i);
      const adam = config.optimizer === "adam" && rule.id !== "matched";
      rows.push({
        symbol: "W",
        label: adam ? N.rows.gradientW : N.rows.largestW,
        value: adam ? signed(g) : change(w, -config.eta_w * g),
      });
    }
  }
  return rows;
}

function change(from: number, by: number): string {
  return `${signed(from)} ${by < 0 ? "−" : "+"} ${value(Math.abs(by))}`;
}

/** One sentence about a connection: its weight, its partner in the other direction, and their signs. */
export function wireText(
  data: NetworkData,
  wire: { kind: "w" | "b"; layer: number; above: number; below: number },
): string {
  const { layer, above, below } = wire;
  const direct = data.rule.direct && wire.kind === "b";
  const source = wire.kind === "b" ? sourceOf(data, layer) : layer;
  const ends = [pointName(data, source, above), pointName(data, layer - 1, below)] as const;
  const matrix = (letter: string): string => layerName(`${letter}${layer}`);
  const lead = wire.kind === "w" ? N.wire(...ends) : N.wireBack(...ends);
  const own = feedbackOf(data, layer, above, below);
  if (direct) return `${lead}: ${matrix("B")} = ${signed(own)} (${N.wireValues.direct})`;
  const w = weightOf(data.moment, layer, above, below);
  const parts = [`${matrix("W")} = ${signed(w)}`];
  // Direct feedback has no wire for this one alone.
  if (!data.rule.direct && data.rule.id !== "bp" && own !== null) {
    parts.push(`${matrix("B")} = ${signed(own)}`);
    parts.push(w * own > 0 ? N.wireValues.agree : N.wireValues.differ);
  } else if (data.rule.id === "bp" && wire.kind === "b") parts.push(N.rows.same);
  return `${lead}: ${parts.join(", ")}`;
}

function pointName(data: NetworkData, layer: number, unit: number): string {
  const { moment, shape } = data;
  const picture = layer === 0 || (layer === depthOf(moment) && drawsPicture(moment));
  if (!picture) return unitTitle(data, { layer, unit }).replace(/^U/, "u").replace(/^O/, "o");
  const pixel = Math.floor(unit / Math.max(1, shape.channels));
  return N.pixel(Math.floor(pixel / shape.cols) + 1, (pixel % shape.cols) + 1);
}

/** One pixel: what goes in there, or what comes out, and its error. */
export function pixelText(data: NetworkData, layer: number, pixel: number): string {
  const { moment, sample, shape } = data;
  const unit = pixel * Math.max(1, shape.channels);
  const place = N.pixel(Math.floor(pixel / shape.cols) + 1, (pixel % shape.cols) + 1);
  const read = (field: Field): number | null => readingOf(moment, sample, layer, unit, field);
  if (layer === 0) return `x, ${place}: ${value(read("h"))}`;
  return `ŷ, ${place}: ${signed(read("h"))}, ${N.rows.e} e = ${signed(read("e"))}`;
}

const COLUMNS: readonly Field[] = ["h", "noisy", "xi", "lambdaHat", "lambda", "truth", "e"];

/** Every unit that is drawn with all its values. */
export function unitTable(data: NetworkData, shown: readonly UnitAt[]): Table {
  const { moment, sample } = data;
  const fields = COLUMNS.filter((field) =>
    moment.view.layers.some((layer) => layer[field] !== null),
  );
  return {
    head: [N.table.unit, ...fields.map((field) => N.rows[field])],
    rows: shown.map((at) => [
      unitTitle(data, at),
      ...fields.map((field) => signed(readingOf(moment, sample, at.layer, at.unit, field))),
    ]),
  };
}
