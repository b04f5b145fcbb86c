/**
 * Draws one frame. Forward weights are thin solid lines of ink, feedback is dashed in the rule's colour, noise and
 * what is made of it is gold; blue and rose are signs. Nothing here allocates more than a few numbers a frame.
 */
import { count, layerName, value } from "../../format";
import { ACTIVATION_NAME } from "../../messages";
import { NETWORK as N } from "../../messages/network";
import type { Palette } from "../palette";
import { along, trace } from "./curve";
import { type Box, type Column, edgeOf, type Spot } from "./layout";
import { drawsPicture, readingOf, sourceOf, unitsOf } from "./model";
import { arrival, type PhaseId, smooth } from "./phases";
import { type PictureKind, type Scene, type Strands, shareOf } from "./scene";
import type { Wire } from "./wires";

export interface Shot {
  /** "live" shows the step as a whole. */
  readonly phase: PhaseId | "live";
  readonly progress: number;
  /** Clock of what moves by itself, in ms; null: nothing does. */
  readonly time: number | null;
  readonly selected: { readonly layer: number; readonly unit: number } | null;
  /** Wires of the selected unit. */
  readonly focus: readonly Wire[];
  readonly wire: Wire | null;
}

interface Inks {
  readonly ink: string;
  readonly soft: string;
  readonly faint: string;
  readonly line: string;
  readonly paper: string;
  readonly accent: string;
  readonly pos: string;
  readonly neg: string;
  readonly spark: string;
  readonly serif: string;
  readonly sans: string;
}

type Ctx = CanvasRenderingContext2D;

export function drawScene(ctx: Ctx, scene: Scene, shot: Shot, palette: Palette): void {
  const inks: Inks = {
    ink: palette.get("--ink"),
    soft: palette.get("--ink-2"),
    faint: palette.get("--ink-3"),
    line: palette.get("--line-strong"),
    paper: palette.get("--paper"),
    accent: palette.rule(scene.data.rule.id),
    pos: palette.get("--map-plus"),
    neg: palette.get("--map-minus"),
    spark: palette.get("--noise"),
    serif: palette.get("--serif"),
    sans: palette.get("--sans"),
  };
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  drawWires(ctx, scene, shot, inks);
  for (const column of scene.layout.columns)
    if (column.boxes.length > 0) drawBoxes(ctx, scene, shot, inks, column);
  if (shot.phase === "loss" || shot.phase === "correlate") drawRail(ctx, scene, shot, inks);
  drawFocus(ctx, shot, inks);
  for (const column of scene.layout.columns)
    for (const spot of column.spots) drawUnit(ctx, scene, shot, inks, column, spot);
  drawNames(ctx, scene, shot, inks);
  drawChosen(ctx, scene, shot, inks);
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
}

/** How far the wave of the phase has come at a layer: 0 before, 1 after. */
function reached(scene: Scene, shot: Shot, layer: number): number {
  const { phase, progress } = shot;
  const { depth } = scene;
  if (phase === "clean" || phase === "noisy")
    return layer === 0 ? 1 : arrival(progress, layer - 0.55, depth + 0.45);
  if (phase === "feedback") {
    if (layer === depth) return 1;
    if (scene.data.rule.direct) return smooth(Math.min(1, Math.max(0, progress * 2 - 0.8)));
    return arrival(progress, depth - layer - 0.55, depth - 1 + 0.45);
  }
  if (phase === "correlate") return arrival(progress, depth - layer - 0.4, depth - 1 + 0.6);
  return 1;
}

/** Progress of the wave through the wires of a layer, below 0 before and above 1 after. */
function within(scene: Scene, shot: Shot, layer: number): number {
  const { phase, progress } = shot;
  const { depth } = scene;
  if (phase === "feedback")
    return scene.data.rule.direct ? progress * 2 : progress * (depth - 1 + 0.45) - (depth - layer);
  return progress * (depth + 0.45) - (layer - 1);
}

// Wires ------------------------------------------------------------------------------------------

function drawWires(ctx: Ctx, scene: Scene, shot: Shot, inks: Inks): void {
  const { phase, time } = shot;
  const running = phase === "clean" || phase === "noisy";
  const bp = scene.data.rule.id === "bp";
  const dashes = time === null ? 0 : -(time / 60) % 8;
  for (let l = 1; l <= scene.depth; l++) {
    const up = scene.w[l - 1];
    const down = scene.b[l - 1];
    if (up === undefined || down === undefined) continue;
    const at = within(scene, shot, l);
    // Lit as the wave goes through, and a little after.
    const lit = running ? Math.min(1, Math.max(0, at * 3)) : 0;
    const w =
      phase === "live" ? 0.34 : running ? 0.12 + 0.3 * lit : phase === "update" ? 0.1 : 0.13;
    stroke(ctx, up, inks.ink, w, 1);
    if (!bp || phase === "feedback" || phase === "live") {
      const back = phase === "feedback" ? Math.min(1, Math.max(0, at * 3)) : 0;
      const b =
        phase === "live" ? (bp ? 0.22 : 0.5) : phase === "feedback" ? 0.14 + 0.66 * back : 0.16;
      ctx.setLineDash([4, 4]);
      ctx.lineDashOffset = phase === "live" || phase === "feedback" ? dashes : 0;
      stroke(ctx, down, inks.accent, b, 1.15);
      ctx.setLineDash([]);
    }
    if (running) pulses(ctx, scene, up, at, inks.ink, phase === "noisy" ? inks.spark : null);
    if (phase === "feedback") pulses(ctx, scene, down, at, inks.accent, null);
    if (phase === "live" && time !== null) {
      drift(ctx, up, time, inks.ink);
      drift(ctx, down, time, inks.accent);
    }
  }
  if (phase === "update") drawChanges(ctx, scene, shot, inks);
  if (phase === "mirror") drawEcho(ctx, scene, shot, inks);
}

function stroke(
  ctx: Ctx,
  { bundles }: Strands,
  colour: string,
  alpha: number,
  width: number,
): void {
  ctx.strokeStyle = colour;
  for (const { share, curves } of bundles) {
    ctx.globalAlpha = alpha * (0.25 + 0.75 * share);
    ctx.lineWidth = width * (0.5 + 0.9 * share);
    ctx.beginPath();
    for (const curve of curves) trace(ctx, curve);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

const HEAD = { x: 0, y: 0 };
const TAIL = { x: 0, y: 0 };

/** A number from 0 to 1 that is a wire's own. */
function own(wire: Wire): number {
  const x = Math.sin(wire.above * 12.9898 + wire.below * 78.233 + wire.layer * 37.719) * 43758.5453;
  return x - Math.floor(x);
}

/** One front of short comets, each a little early or late. */
function pulses(
  ctx: Ctx,
  scene: Scene,
  { wires }: Strands,
  at: number,
  colour: string,
  second: string | null,
): void {
  if (at <= 0 || at >= 1.35) return;
  const { moment, sample } = scene.data;
  for (const wire of wires) {
    const u = at * 1.15 - own(wire) * 0.3;
    if (u <= 0.02 || u >= 1) continue;
    const sends =
      wire.kind === "w"
        ? Math.abs(readingOf(moment, sample, wire.layer - 1, wire.below, "h") ?? 0)
        : 1;
    const size = 0.25 + 0.75 * wire.share * Math.min(1, sends + 0.2);
    const noisy = second !== null && own(wire) > 0.55;
    ctx.strokeStyle = noisy ? second : colour;
    along(wire.curve, Math.max(0, u - 0.09), TAIL);
    along(wire.curve, u, HEAD);
    ctx.globalAlpha = 0.75 * Math.min(1, (1 - u) * 6);
    ctx.lineWidth = 0.8 + 2 * size;
    ctx.beginPath();
    ctx.moveTo(TAIL.x, TAIL.y);
    ctx.lineTo(HEAD.x, HEAD.y);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

/** Dots that wander along the stronger wires while the run goes on. */
function drift(ctx: Ctx, { wires }: Strands, time: number, colour: string): void {
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.8;
  ctx.beginPath();
  for (const wire of wires) {
    const start = own(wire);
    if (wire.share < 0.3 || start > 0.6) continue;
    const u = (time / 2600 + start * 7) % 1;
    along(wire.curve, u, HEAD);
    const r = (0.7 + 0.9 * wire.share) * Math.min(1, Math.min(u, 1 - u) * 8);
    ctx.moveTo(HEAD.x + r, HEAD.y);
    ctx.arc(HEAD.x, HEAD.y, r, 0, 2 * Math.PI);
  }
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** First B's changes, then W's: a flash that leaves its trace. */
function drawChanges(ctx: Ctx, scene: Scene, shot: Shot, inks: Inks): void {
  const learnsB = scene.b.some((s) => s.change !== null);
  const part = (from: number, to: number): number =>
    Math.min(1, Math.max(0, (shot.progress - from) / (to - from)));
  const first = learnsB ? part(0, 0.5) : 0;
  const second = learnsB ? part(0.45, 1) : shot.progress;
  const flash = (x: number): number =>
    x <= 0 ? 0 : x < 0.4 ? smooth(x / 0.4) : 1 - 0.45 * smooth((x - 0.4) / 0.6);
  for (const [list, x] of [
    [scene.b, first],
    [scene.w, second],
  ] as const) {
    const amount = flash(x);
    if (amount === 0) continue;
    for (const { wires, change } of list) {
      if (change === null) continue;
      wires.forEach((wire, i) => {
        const d = change[i] ?? 0;
        const size = Math.abs(d);
        if (size < 0.03) return;
        ctx.strokeStyle = d < 0 ? inks.neg : inks.pos;
        ctx.globalAlpha = amount * (0.15 + 0.75 * size);
        ctx.lineWidth = 0.6 + 2.8 * size * amount;
        if (wire.kind === "b") ctx.setLineDash([4, 4]);
        ctx.beginPath();
        trace(ctx, wire.curve);
        ctx.stroke();
        if (wire.kind === "b") ctx.setLineDash([]);
      });
    }
  }
  ctx.globalAlpha = 1;
}

/** Noise that goes up through W, and B drawn over it as it takes the echo. */
function drawEcho(ctx: Ctx, scene: Scene, shot: Shot, inks: Inks): void {
  for (let l = 2; l <= scene.depth; l++) {
    const up = scene.w[l - 1];
    const down = scene.b[l - 1];
    if (up === undefined || down === undefined) continue;
    pulses(ctx, scene, up, shot.progress * 2.2, inks.spark, null);
    ctx.setLineDash([4, 4]);
    stroke(ctx, down, inks.accent, 0.8 * smooth(Math.max(0, shot.progress * 2 - 1)), 1.3);
    ctx.setLineDash([]);
  }
}

function drawFocus(ctx: Ctx, shot: Shot, inks: Inks): void {
  if (shot.focus.length > 0) {
    let most = 0;
    for (const wire of shot.focus) most = Math.max(most, Math.abs(wire.value));
    for (const wire of shot.focus) {
      const share = most === 0 ? 0 : Math.abs(wire.value) / most;
      ctx.strokeStyle = wire.value < 0 ? inks.neg : inks.pos;
      ctx.globalAlpha = 0.12 + 0.6 * share;
      ctx.lineWidth = 0.6 + 1.4 * share;
      if (wire.kind === "b") ctx.setLineDash([4, 4]);
      ctx.beginPath();
      trace(ctx, wire.curve);
      ctx.stroke();
      ctx.setLineDash([]);
    }
  }
  ctx.globalAlpha = 1;
}

function drawChosen(ctx: Ctx, scene: Scene, { wire }: Shot, inks: Inks): void {
  if (wire !== null) {
    ctx.globalAlpha = 1;
    ctx.strokeStyle = inks.paper;
    ctx.lineWidth = 6;
    ctx.beginPath();
    trace(ctx, wire.curve);
    ctx.stroke();
    ctx.strokeStyle = wire.value < 0 ? inks.neg : inks.pos;
    ctx.lineWidth = 2.4;
    if (wire.kind === "b" && scene.data.rule.id !== "bp") ctx.setLineDash([6, 5]);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = inks.ink;
    const { curve } = wire;
    for (const at of [0, curve.length - 2]) {
      circle(ctx, curve[at] ?? 0, curve[at + 1] ?? 0, 2.2);
      ctx.fill();
    }
    drawTag(ctx, scene, wire, inks);
  }
  ctx.globalAlpha = 1;
}

/** The weight on its wire. */
function drawTag(ctx: Ctx, { layout }: Scene, wire: Wire, inks: Inks): void {
  const text = `${layerName(`${wire.kind === "w" ? "W" : "B"}${wire.layer}`)} ${signed(wire.value)}`;
  ctx.font = `600 11.5px ${inks.sans}`;
  const width = ctx.measureText(text).width + 12;
  along(wire.curve, wire.kind === "w" ? 0.5 : 0.25, HEAD);
  const x = Math.min(layout.width - width - 1, Math.max(1, HEAD.x - width / 2));
  const y = Math.min(layout.height - 20, Math.max(1, HEAD.y - 9.5));
  ctx.fillStyle = inks.paper;
  ctx.strokeStyle = wire.value < 0 ? inks.neg : inks.pos;
  ctx.lineWidth = 1.2;
  ctx.beginPath();
  ctx.roundRect(x, y, width, 19, 9.5);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = inks.ink;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x + 6, y + 10);
}

// The one number that all units are told -----------------------------------------------------------

function drawRail(ctx: Ctx, scene: Scene, shot: Shot, inks: Inks): void {
  const { layout, data, depth } = scene;
  const difference = data.moment.view.difference?.[data.sample];
  if (difference === undefined) return;
  const { rail } = layout;
  const spread = shot.phase === "correlate" ? shot.progress : 0;
  const last = layout.columns[depth];
  const first = layout.columns[1];
  if (last === undefined || first === undefined) return;
  const text = `L\u0303 − L = ${signed(difference)}`;
  ctx.font = `600 12.5px ${inks.sans}`;
  const shown =
    shot.phase === "loss" ? smooth(Math.min(1, Math.max(0, shot.progress * 2 - 0.6))) : 1;
  const width = ctx.measureText(text).width;
  const box = layout.tall
    ? { x: 0, y: 1, w: width + 16, h: 20 }
    : { x: layout.width - width - 20, y: rail - 11, w: width + 18, h: 22 };
  const begin = layout.tall ? layout.height - 22 : box.x;
  if (spread > 0) {
    ctx.strokeStyle = inks.spark;
    ctx.lineWidth = 1.6;
    ctx.setLineDash([1, 5]);
    const end = first.s;
    const head = begin + (end - begin) * Math.min(1, spread * 1.25);
    line(ctx, layout.place(begin, rail), layout.place(head, rail));
    for (const column of layout.columns.slice(1, depth)) {
      const r = reached(scene, shot, column.layer);
      if (r <= 0) continue;
      const top = Math.min(...column.spots.map((s) => (layout.tall ? s.x : s.y)));
      line(ctx, layout.place(column.s, rail), layout.place(column.s, rail + (top - 16 - rail) * r));
    }
    ctx.setLineDash([]);
  }
  ctx.globalAlpha = shown;
  ctx.fillStyle = inks.paper;
  ctx.strokeStyle = inks.spark;
  ctx.lineWidth = 1.4;
  ctx.beginPath();
  ctx.roundRect(box.x + 1, box.y, box.w, box.h, 11);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = inks.ink;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, box.x + 10, box.y + box.h / 2 + 0.5);
  ctx.globalAlpha = 1;
}

function line(ctx: Ctx, a: { x: number; y: number }, b: { x: number; y: number }): void {
  ctx.beginPath();
  ctx.moveTo(a.x, a.y);
  ctx.lineTo(b.x, b.y);
  ctx.stroke();
}

/** "+0.0123", "−2.4": three digits, however small. */
export function signed(n: number | null | undefined): string {
  if (n === null || n === undefined) return value(n);
  if (n === 0) return "0";
  const a = Math.abs(n);
  const digits = a < 1 && a >= 1e-4 ? String(Number(a.toPrecision(3))) : value(a);
  return `${n < 0 ? "−" : "+"}${digits}`;
}

// Units ------------------------------------------------------------------------------------------

function drawUnit(
  ctx: Ctx,
  scene: Scene,
  shot: Shot,
  inks: Inks,
  column: Column,
  spot: Spot,
): void {
  const { phase } = shot;
  const { layer } = column;
  const { x, y, r, unit } = spot;
  const lit = reached(scene, shot, layer);
  const h = shareOf(scene, layer, unit, "h") ?? 0;
  const xi = readingOf(scene.data.moment, scene.data.sample, layer, unit, "xi");
  const halo = haloOf(phase, lit);
  if (xi !== null && halo > 0 && layer < scene.depth)
    drawHalo(ctx, spot, xi, halo, shot.time, inks);

  const noisy = phase === "noisy" ? shareOf(scene, layer, unit, "noisy") : null;
  const v = noisy === null ? h : h + (noisy - h) * lit;
  const shown = phase === "clean" ? lit : 1;
  disc(ctx, x, y, r, v * shown, inks);
  const halves = (field: "lambdaHat" | "lambda", rim: string): void => {
    const claimed = shareOf(scene, layer, unit, field) ?? 0;
    const truth = shareOf(scene, layer, unit, "truth") ?? 0;
    drawHalves(ctx, spot, claimed, truth, lit, rim, inks);
  };

  const e = shareOf(scene, layer, unit, "e");
  const ring = ringOf(phase, lit, layer === scene.depth);
  if (e !== null && ring > 0 && Math.abs(e) > 0.02) {
    ctx.strokeStyle = inks.accent;
    ctx.globalAlpha = ring * (0.35 + 0.65 * Math.abs(e));
    ctx.lineWidth = 0.6 + 2.2 * Math.abs(e);
    circle(ctx, x, y, r + (phase === "feedback" && layer < scene.depth ? 4.6 : 2.4));
    ctx.stroke();
    ctx.globalAlpha = 1;
  }
  if (layer === scene.depth) drawScore(ctx, scene, shot, inks, spot, lit);
  else if (phase === "correlate" && lit > 0) halves("lambdaHat", inks.spark);
  else if (phase === "feedback" && lit > 0) halves("lambda", inks.accent);
  if (shot.selected?.layer === layer && shot.selected.unit === unit) {
    ctx.strokeStyle = inks.ink;
    ctx.lineWidth = 1.6;
    circle(ctx, x, y, r + 5.5);
    ctx.stroke();
  }
}

function haloOf(phase: Shot["phase"], lit: number): number {
  if (phase === "noisy") return lit;
  if (phase === "loss") return 0.4;
  if (phase === "correlate") return 0.4 + 0.6 * lit * (1 - lit) * 4 + 0.15 * lit;
  return 0;
}

function ringOf(phase: Shot["phase"], lit: number, output: boolean): number {
  if (phase === "live") return 0.55;
  if (phase === "feedback") return lit;
  if (phase === "update") return 0.6;
  return phase === "loss" && output ? 1 : 0;
}

function circle(ctx: Ctx, x: number, y: number, r: number): void {
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 2 * Math.PI);
}

/** Filled by size and sign; a negative one carries a bar, for whoever cannot tell the colours. */
function disc(ctx: Ctx, x: number, y: number, r: number, v: number, inks: Inks): void {
  const size = Math.abs(v);
  ctx.fillStyle = inks.paper;
  circle(ctx, x, y, r);
  ctx.fill();
  ctx.fillStyle = v < 0 ? inks.neg : inks.pos;
  ctx.globalAlpha = size ** 0.8;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.strokeStyle = size > 0.5 ? (v < 0 ? inks.neg : inks.pos) : inks.line;
  ctx.lineWidth = 1;
  ctx.stroke();
  if (v < -0.12 && r > 4.5) {
    ctx.strokeStyle = size > 0.45 ? inks.paper : inks.neg;
    ctx.lineWidth = 1.3;
    line(ctx, { x: x - r * 0.42, y }, { x: x + r * 0.42, y });
  }
}

const RAYS = 8;

/** Noise: a spark whose reach is |xi|. Upwards it shines outwards, downwards its rim is broken. */
function drawHalo(
  ctx: Ctx,
  { x, y, r, unit }: Spot,
  xi: number,
  amount: number,
  time: number | null,
  inks: Inks,
): void {
  const size = Math.min(2.6, Math.abs(xi));
  const reach = r + 1.5 + size * 2.6 * Math.min(1, amount);
  ctx.fillStyle = inks.spark;
  ctx.globalAlpha = 0.2 * Math.min(1, amount);
  circle(ctx, x, y, reach);
  ctx.fill();
  ctx.strokeStyle = inks.spark;
  ctx.globalAlpha = 0.95 * Math.min(1, amount);
  ctx.lineWidth = 1.1;
  if (xi < 0) {
    ctx.setLineDash([2, 3]);
    ctx.stroke();
    ctx.setLineDash([]);
  } else {
    ctx.beginPath();
    for (let k = 0; k < RAYS; k++) {
      const twinkle = time === null ? 1 : 0.75 + 0.25 * Math.sin(time / 130 + k * 2.4 + unit * 1.7);
      const angle = ((k + 0.5) * 2 * Math.PI) / RAYS;
      const from = r + 2;
      const to = r + 2 + (reach - r - 2) * 1.25 * twinkle;
      ctx.moveTo(x + Math.cos(angle) * from, y + Math.sin(angle) * from);
      ctx.lineTo(x + Math.cos(angle) * to, y + Math.sin(angle) * to);
    }
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

/** What the unit is told at the left, the truth at the right: where the halves look alike, it is told the truth. */
function drawHalves(
  ctx: Ctx,
  { x, y, r }: Spot,
  claimed: number,
  truth: number,
  amount: number,
  rim: string,
  inks: Inks,
): void {
  const size = r + 2;
  ctx.globalAlpha = amount;
  ctx.fillStyle = inks.paper;
  circle(ctx, x, y, size);
  ctx.fill();
  const half = (v: number, side: number, edge: string): void => {
    const from = side < 0 ? Math.PI / 2 : -Math.PI / 2;
    const cx = x + side * 0.9;
    ctx.beginPath();
    ctx.arc(cx, y, size, from, from + Math.PI);
    ctx.closePath();
    ctx.globalAlpha = amount * Math.abs(v) ** 0.6;
    ctx.fillStyle = v < 0 ? inks.neg : inks.pos;
    ctx.fill();
    ctx.globalAlpha = amount;
    ctx.strokeStyle = edge;
    ctx.lineWidth = 1.2;
    ctx.beginPath();
    ctx.arc(cx, y, size, from, from + Math.PI);
    ctx.stroke();
  };
  half(claimed, -1, rim);
  half(truth, 1, inks.ink);
  ctx.globalAlpha = 1;
}

/** A classifier's output: which digit, and how strongly. */
function drawScore(
  ctx: Ctx,
  scene: Scene,
  shot: Shot,
  inks: Inks,
  { x, y, r, unit }: Spot,
  lit: number,
): void {
  const { data, layout, depth } = scene;
  const right = data.label === unit;
  const h = readingOf(data.moment, data.sample, depth, unit, "h") ?? 0;
  const noisy = readingOf(data.moment, data.sample, depth, unit, "noisy");
  const shown = shot.phase === "clean" ? lit : 1;
  const room = layout.tall ? y - r - 38 : layout.width - x - r - 36;
  const length = (v: number): number => Math.max(-5, Math.min(1.15, v) * room * 0.84);
  const digit = unitsOf(data.moment, depth) === 10 ? String(unit) : count(unit);
  ctx.font = `${right ? 700 : 400} 12px ${inks.sans}`;
  ctx.fillStyle = right ? inks.ink : inks.soft;
  ctx.textBaseline = "middle";
  ctx.textAlign = "center";
  const base = r + (layout.tall ? 24 : 28);
  if (layout.tall) ctx.fillText(digit, x, y - r - 12);
  else ctx.fillText(digit, x + r + 13, y + 0.5);
  if (right) {
    ctx.fillRect(layout.tall ? x - 4 : x + r + 9, layout.tall ? y - r - 5 : y + 7, 8, 1.5);
  }
  const bar = (v: number, thick: number): [number, number, number, number] => {
    const d = length(v);
    return layout.tall
      ? [x - thick / 2, d > 0 ? y - base - d : y - base, thick, Math.abs(d)]
      : [d < 0 ? x + base + d : x + base, y - thick / 2, Math.abs(d), thick];
  };
  if (right) {
    // Where it should be.
    ctx.strokeStyle = inks.soft;
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 2]);
    ctx.strokeRect(...bar(1, 9));
    ctx.setLineDash([]);
  }
  ctx.fillStyle = right ? inks.ink : inks.faint;
  ctx.fillRect(...bar(h * shown, 5));
  if (noisy !== null && (shot.phase === "noisy" || shot.phase === "loss")) {
    ctx.globalAlpha = shot.phase === "noisy" ? lit : 1;
    ctx.fillStyle = inks.spark;
    const d = length(noisy);
    if (layout.tall) ctx.fillRect(x - 5, y - base - d - 1, 10, 2);
    else ctx.fillRect(x + base + d - 1, y - 5, 2, 10);
    ctx.globalAlpha = 1;
  }
}

// Pictures ---------------------------------------------------------------------------------------

/** What the second picture at the output shows. */
function beside(shot: Shot): PictureKind {
  if (shot.phase === "clean") return "target";
  return shot.phase === "noisy" ? "change" : "error";
}

function drawBoxes(ctx: Ctx, scene: Scene, shot: Shot, inks: Inks, column: Column): void {
  const [first, second] = column.boxes;
  const lit = reached(scene, shot, column.layer);
  const denoising = scene.data.moment.config.noise === "inputs";
  if (column.layer === 0) {
    if (first !== undefined)
      box(ctx, scene, inks, first, "input", denoising ? N.boxes.noisyInput : N.boxes.input, 1);
    return;
  }
  const show = shot.phase === "clean" ? lit : 1;
  if (first !== undefined) box(ctx, scene, inks, first, "output", N.boxes.output, show);
  if (second === undefined) return;
  const kind = beside(shot);
  const fade =
    kind === "change" ? lit : shot.phase === "loss" ? smooth(Math.min(1, shot.progress * 1.6)) : 1;
  box(ctx, scene, inks, second, kind, N.boxes[kind], fade);
}

function box(
  ctx: Ctx,
  scene: Scene,
  inks: Inks,
  { x, y, size }: Box,
  kind: PictureKind,
  name: string,
  alpha: number,
): void {
  ctx.fillStyle = inks.paper;
  ctx.globalAlpha = 0.85;
  ctx.fillRect(x, y, size, size);
  const picture = scene.picture(kind);
  if (picture !== null) {
    ctx.globalAlpha = alpha;
    // Pixels are pixels: that is what the wires end at.
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(picture, x, y, size, size);
  }
  ctx.globalAlpha = 1;
  ctx.strokeStyle = kind === "error" ? inks.accent : inks.line;
  ctx.lineWidth = 1;
  ctx.strokeRect(x - 0.5, y - 0.5, size + 1, size + 1);
  ctx.fillStyle = inks.soft;
  ctx.font = `11px ${inks.sans}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  const above = scene.layout.tall && kind !== "input";
  ctx.fillText(name, x + size / 2, above ? y - 6 : y + size + 14);
}

// Names ------------------------------------------------------------------------------------------

function drawNames(ctx: Ctx, scene: Scene, shot: Shot, inks: Inks): void {
  const { layout, data, depth } = scene;
  const { config } = data.moment;
  const { tall } = layout;
  const picture = drawsPicture(data.moment);
  ctx.textBaseline = "alphabetic";
  for (const column of layout.columns) {
    const { layer, units } = column;
    const name = layer === 0 ? "x" : layer === depth ? "ŷ" : layerName(`h${layer}`);
    const act = config.activations[layer - 1];
    const kind = act === undefined || layer === 0 ? "" : ACTIVATION_NAME[act];
    const size =
      layer === 0 ? N.sizes.pixels(count(units)) : N.sizes.units(count(units), kind).trim();
    ctx.fillStyle = inks.ink;
    ctx.font = `italic ${tall ? 15 : 17}px ${inks.serif}`;
    if (tall) {
      const { y } = layout.place(column.s, 0);
      ctx.textAlign = "left";
      ctx.fillText(name, 0, y - 2);
      ctx.fillStyle = inks.soft;
      ctx.font = `10px ${inks.sans}`;
      const [n = "", ...rest] = size.split(" ");
      ctx.fillText(n, 0, y + 11);
      ctx.fillText(rest.join(" "), 0, y + 22);
      if (column.hidden > 0) {
        ctx.textAlign = "right";
        ctx.fillText(`+${count(column.hidden)}`, layout.width, y + 3.5);
      }
      continue;
    }
    ctx.textAlign = layer === 0 ? "left" : layer === depth && picture ? "right" : "center";
    const half = layout.columns[0]?.boxes[0]?.size ?? 0;
    const x =
      layer === 0
        ? column.s - half / 2
        : layer === depth && picture
          ? column.s + half / 2
          : column.s;
    ctx.fillText(name, x, 17);
    ctx.fillStyle = inks.soft;
    ctx.font = `11px ${inks.sans}`;
    ctx.fillText(size, x, 33);
    if (column.hidden > 0) {
      const text = N.more(count(column.hidden));
      const width = ctx.measureText(text).width;
      const at = layout.to + 24;
      ctx.fillStyle = inks.paper;
      ctx.globalAlpha = 0.8;
      ctx.fillRect(column.s - width / 2 - 3, at - 11, width + 6, 15);
      ctx.globalAlpha = 1;
      ctx.fillStyle = inks.soft;
      ctx.fillText(text, column.s, at);
    }
  }
  matrixNames(ctx, scene, shot, inks);
}

function matrixNames(ctx: Ctx, scene: Scene, shot: Shot, inks: Inks): void {
  const { layout, data, depth } = scene;
  const { tall } = layout;
  const bp = data.rule.id === "bp";
  const down =
    shot.phase === "feedback" ||
    shot.phase === "live" ||
    shot.phase === "update" ||
    shot.phase === "mirror";
  ctx.textBaseline = "middle";
  ctx.textAlign = "center";
  ctx.font = `italic ${tall ? 12.5 : 14}px ${inks.serif}`;
  for (let l = 1; l <= depth; l++) {
    const a = layout.columns[l - 1];
    const b = layout.columns[l];
    if (a === undefined || b === undefined) continue;
    const s = (edgeOf(a, 1) + edgeOf(b, -1)) / 2;
    const at = layout.place(s, tall ? 8 : layout.from - 10);
    const back = bp && shot.phase === "feedback" && l > 1;
    ctx.fillStyle = back ? inks.accent : inks.soft;
    ctx.fillText(back ? `(${layerName(`W${l}`)})ᵀ` : layerName(`W${l}`), at.x, at.y);
    if (bp || l === 1 || (scene.b[l - 1]?.wires.length ?? 0) === 0) continue;
    const direct = sourceOf(data, l) !== l;
    const lane = layout.lane - (direct ? (l - 2) * (tall ? 5 : 8) : 0);
    const p = layout.place(
      direct ? a.s + (b.s - a.s) * 0.62 : s,
      tall ? Math.min(lane, layout.width - 9) : lane,
    );
    const text = layerName(`B${l}`);
    const w = ctx.measureText(text).width + 6;
    ctx.fillStyle = inks.paper;
    ctx.fillRect(p.x - w / 2, p.y - 8, w, 16);
    ctx.globalAlpha = down ? 1 : 0.5;
    ctx.fillStyle = inks.accent;
    ctx.fillText(text, p.x, p.y);
    ctx.globalAlpha = 1;
  }
}
