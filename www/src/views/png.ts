/** A figure as a file, PNG at twice its size or SVG: title, picture, caption, and the settings that made it. */
import type { Chart, RuleStyle } from "../charts/chart";
import type { Palette } from "../charts/palette";
import { blank, drawing, FONT, painted, saveSheet, saveSvg, wrapped } from "../charts/sheet";
import { taskOf } from "../config";
import { encodeConfig } from "../config-url";
import { count } from "../format";
import { SETTING_TEXT } from "../messages";
import type { Store } from "../store";

const WIDTH = 720;
const MARGIN = 24;
/** Room for the tallest picture; the file is cut to what was used. */
const ROOM = 1400;

export interface FigurePicture {
  readonly title: string;
  readonly caption: string;
  readonly chart: Chart;
  readonly palette: Palette;
  readonly store: Store;
}

const fileName = (title: string): string => title.toLowerCase().replace(/[^a-z0-9]+/g, "-");

export async function saveFigurePng(figure: FigurePicture): Promise<void> {
  const ctx = blank(WIDTH, ROOM, figure.palette);
  if (ctx === null) return;
  await saveSheet(ctx, sheet(ctx, figure), fileName(figure.title));
}

export function saveFigureSvg(figure: FigurePicture): void {
  const { title, palette } = figure;
  const text = drawing(WIDTH, title, palette, (ctx) => sheet(ctx, figure));
  if (text !== null) saveSvg(text, fileName(title));
}

/** Everything on the sheet; returns where it ends. */
function sheet(ctx: CanvasRenderingContext2D, figure: FigurePicture): number {
  const { title, caption, chart, palette, store } = figure;
  const inner = WIDTH - 2 * MARGIN;
  let y = MARGIN;
  y = write(ctx, title, `600 18px ${FONT}`, palette.get("--ink"), y, inner) + 4;
  y = legend(ctx, palette, chart.rules(), y) + 8;
  ctx.save();
  ctx.translate(MARGIN, y);
  y += painted(ctx, chart, inner, palette) + 12;
  ctx.restore();
  y = write(ctx, caption, `13px ${FONT}`, palette.get("--ink-2"), y, inner) + 4;
  return (
    write(ctx, provenance(store), `11px ${FONT}`, palette.get("--ink-2"), y, inner) + MARGIN - 6
  );
}

/** Writes wrapped text from y downwards; returns the y below it. */
function write(
  ctx: CanvasRenderingContext2D,
  text: string,
  font: string,
  colour: string,
  y: number,
  width: number,
): number {
  ctx.font = font;
  ctx.fillStyle = colour;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const height = Number.parseInt(/(\d+)px/.exec(font)?.[1] ?? "12", 10) * 1.35;
  const lines = wrapped(ctx, text, width);
  for (const [i, line] of lines.entries()) ctx.fillText(line, MARGIN, y + i * height);
  return y + lines.length * height;
}

function legend(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  rules: readonly RuleStyle[],
  top: number,
): number {
  ctx.font = `13px ${FONT}`;
  ctx.textBaseline = "top";
  let x = MARGIN;
  let y = top;
  for (const { id, label: name } of rules) {
    const width = ctx.measureText(name).width + 42;
    if (x + width > WIDTH - MARGIN && x > MARGIN) {
      x = MARGIN;
      y += 18;
    }
    ctx.fillStyle = palette.rule(id);
    ctx.fillRect(x, y + 6, 18, 3);
    ctx.fillStyle = palette.get("--ink");
    ctx.fillText(name, x + 24, y);
    x += width;
  }
  return y + 18;
}

function provenance(store: Store): string {
  const task = SETTING_TEXT.task.options?.[taskOf(store.built)] ?? "";
  return `Credit Lab · ${task} · iteration ${count(store.status.iteration)} · ${encodeConfig(store.built)}`;
}
