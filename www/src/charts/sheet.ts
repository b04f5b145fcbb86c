/** A picture to save: a sheet of paper at twice its size, cut to what was used of it. */
import { h, saveBlob } from "../dom";
import type { Palette } from "./palette";

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
