/** A canvas that follows its CSS size and the device's pixel ratio. Draws nothing itself. */
import { h } from "../dom";

/** Beyond three device pixels per CSS pixel nobody sees a difference, but memory grows. */
const MAX_RATIO = 3;

export class Surface {
  readonly canvas: HTMLCanvasElement;
  readonly ctx: CanvasRenderingContext2D;
  width = 0;
  height = 0;
  private readonly observer: ResizeObserver;

  /** `heightFor` gives the height in CSS pixels at a width. */
  constructor(
    className: string,
    private readonly heightFor: (width: number) => number,
    private readonly onResize: () => void,
  ) {
    this.canvas = h("canvas", { class: className });
    const ctx = this.canvas.getContext("2d");
    if (ctx === null) throw new Error("this browser offers no 2-D canvas");
    this.ctx = ctx;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.canvas);
  }

  /** Adopts the present size; returns false while the canvas is not laid out. */
  fit(): boolean {
    const width = this.canvas.clientWidth;
    if (width === 0) return false;
    const height = Math.round(this.heightFor(width));
    const ratio = Math.min(MAX_RATIO, window.devicePixelRatio || 1);
    const w = Math.round(width * ratio);
    const hgt = Math.round(height * ratio);
    if (this.canvas.width !== w || this.canvas.height !== hgt) {
      this.canvas.width = w;
      this.canvas.height = hgt;
      this.canvas.style.height = `${height}px`;
      this.width = width;
      this.height = height;
      this.onResize();
    }
    this.ctx.setTransform(w / width, 0, 0, hgt / height, 0, 0);
    return true;
  }

  destroy(): void {
    this.observer.disconnect();
  }
}
