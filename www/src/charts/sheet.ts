/** A picture to save: a sheet of paper at twice its size, cut to what was used of it; or the same as a drawing. */
import { h, saveBlob } from "../dom";
import type { Chart } from "./chart";
import type { Palette } from "./palette";
import { NotVector, recorder, SvgContext } from "./svg-context";

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const SCALE = 2;

/** An empty sheet with room for the tallest picture; null where there is no canvas. */
export function blank(
  width: number,
  room: number,
  palette: Pick<Palette, "get">,
): CanvasRenderingContext2D | null {
  const ctx = h("canvas", { width: width * SCALE, height: room * SCALE }).getContext("2d");
  if (ctx === null) return null;
  ctx.scale(SCALE, SCALE);
  ctx.fillStyle = palette.get("--paper");
  ctx.fillRect(0, 0, width, room);
  return ctx;
}

/** Saves the sheet down to `bottom` as a PNG. */
export async function saveSheet(
  { canvas }: CanvasRenderingContext2D,
  bottom: number,
  name: string,
): Promise<void> {
  const final = h("canvas", { width: canvas.width, height: Math.ceil(bottom * SCALE) });
  final.getContext("2d")?.drawImage(canvas, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => final.toBlob(resolve, "image/png"));
  if (blob !== null) saveBlob(blob, `${name}.png`);
}

/** What `paint` draws (it returns where that ends) as an SVG file's text; null where there is no canvas. */
export function drawing(
  width: number,
  title: string,
  palette: Pick<Palette, "get">,
  paint: (ctx: CanvasRenderingContext2D) => number,
): string | null {
  const measure = h("canvas", { width: 1, height: 1 }).getContext("2d");
  if (measure === null) return null;
  const svg = new SvgContext(measure);
  const bottom = Math.ceil(paint(recorder(svg)));
  return svg.text(width, bottom, title, palette.get("--paper"));
}

export function saveSvg(text: string, name: string): void {
  saveBlob(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
}

/** Paints a chart, as pixels where it has something that no drawing can hold; returns its height. */
export function painted(
  ctx: CanvasRenderingContext2D,
  chart: Chart,
  width: number,
  palette: Pick<Palette, "get">,
): number {
  const kept = SvgContext.of(ctx)?.mark();
  try {
    return chart.paint(ctx, width);
  } catch (thrown) {
    if (!(thrown instanceof NotVector) || kept === undefined) throw thrown;
    SvgContext.of(ctx)?.rewind(kept);
    const pixels = blank(width, 1600, palette);
    if (pixels === null) return 0;
    const height = Math.ceil(chart.paint(pixels, width));
    const source = [0, 0, width * SCALE, height * SCALE] as const;
    ctx.drawImage(pixels.canvas, ...source, 0, 0, width, height);
    return height;
  }
}

/** Text in lines of the context's font no wider than `width`. */
export function wrapped(ctx: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && ctx.measureText(longer).width > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
