/** The whole figure as a file, PNG at twice its size or SVG: title, legend, panels in a grid, where it comes from. */
import type { Chart } from "../charts/chart";
import { blank, drawing, FONT, painted, saveSheet, saveSvg, wrapped } from "../charts/sheet";
import type { ArmPalette, ArmStyle } from "./style";

export interface PngPanel {
  readonly title: string;
  /** Below it, at the right. */
  readonly axis: string;
  readonly chart: Chart;
  /** Columns of the grid that it takes. */
  readonly span: number;
}

const COLUMN = 330;
const GAP = 28;
const MARGIN = 28;
/** Room for the tallest figure; the file is cut to what was used. */
const ROOM = 3200;

export interface FigurePicture {
  readonly title: string;
  readonly notes: readonly string[];
  readonly styles: readonly ArmStyle[];
  readonly palette: ArmPalette;
  readonly panels: readonly PngPanel[];
}

const columnsOf = ({ panels }: FigurePicture): number => Math.max(2, Math.min(4, panels.length));
const innerOf = (figure: FigurePicture): number =>
  columnsOf(figure) * COLUMN + (columnsOf(figure) - 1) * GAP;

export async function saveFigurePng(name: string, figure: FigurePicture): Promise<void> {
  const ctx = blank(innerOf(figure) + 2 * MARGIN, ROOM, figure.palette);
  if (ctx !== null) await saveSheet(ctx, sheet(ctx, figure), name);
}

export function saveFigureSvg(name: string, figure: FigurePicture): void {
  const width = innerOf(figure) + 2 * MARGIN;
  const text = drawing(width, figure.title, figure.palette, (ctx) => sheet(ctx, figure));
  if (text !== null) saveSvg(text, name);
}

/** Everything on the sheet; returns where it ends. */
function sheet(ctx: CanvasRenderingContext2D, figure: FigurePicture): number {
  const { title, notes, styles, palette, panels } = figure;
  const columns = columnsOf(figure);
  const inner = innerOf(figure);
  const width = inner + 2 * MARGIN;
  ctx.textBaseline = "top";
  const write = (text: string, font: string, colour: string, x: number, y: number): void => {
    ctx.font = font;
    ctx.fillStyle = palette.get(colour);
    ctx.fillText(text, x, y);
  };
  write(title, `600 18px ${FONT}`, "--ink", MARGIN, MARGIN);
  let y = legend(ctx, styles, palette, MARGIN + 32, width) + 22;
  let column = 0;
  let tallest = 0;
  for (const panel of panels) {
    const span = Math.min(columns, panel.span);
    if (column + span > columns) {
      y += tallest + GAP;
      column = 0;
      tallest = 0;
    }
    const x = MARGIN + column * (COLUMN + GAP);
    write(panel.title, `600 13px ${FONT}`, "--ink", x, y);
    ctx.save();
    ctx.translate(x, y + 24);
    const tall = painted(ctx, panel.chart, span * COLUMN + (span - 1) * GAP, palette);
    ctx.restore();
    const named = panel.axis === "" ? 0 : 14;
    if (named > 0) {
      ctx.font = `11px ${FONT}`;
      const room = span * COLUMN - 50 - ctx.measureText(panel.axis).width;
      write(panel.axis, `11px ${FONT}`, "--ink-2", x + room, y + 26 + tall);
    }
    tallest = Math.max(tallest, tall + 24 + named);
    column += span;
  }
  y += tallest + GAP;
  ctx.font = `11px ${FONT}`;
  for (const line of notes
    .flatMap((note) => note.split("\n"))
    .flatMap((note) => wrapped(ctx, note, inner))) {
    write(line, `11px ${FONT}`, "--ink-2", MARGIN, y);
    y += 16;
  }
  return y + MARGIN - 10;
}

function legend(
  ctx: CanvasRenderingContext2D,
  styles: readonly ArmStyle[],
  palette: ArmPalette,
  top: number,
  width: number,
): number {
  ctx.font = `12px ${FONT}`;
  ctx.lineWidth = 2;
  let x = MARGIN;
  let y = top;
  for (const style of styles) {
    const wide = ctx.measureText(style.label).width + 56;
    if (x + wide > width - MARGIN && x > MARGIN) {
      x = MARGIN;
      y += 20;
    }
    ctx.strokeStyle = palette.rule(style.id);
    ctx.setLineDash([...style.dash]);
    ctx.beginPath();
    ctx.moveTo(x, y + 7);
    ctx.lineTo(x + 28, y + 7);
    ctx.stroke();
    ctx.fillStyle = palette.get("--ink");
    ctx.fillText(style.label, x + 35, y);
    x += wide;
  }
  ctx.setLineDash([]);
  return y + 18;
}
