import { describe, expect, it } from "vitest";
import { centre, Ink, prepare, SIDE } from "./draw-ink";

/** First and last row and column with ink, of pixels. */
function box(image: Float32Array): { wide: number; tall: number } {
  const xs: number[] = [];
  const ys: number[] = [];
  image.forEach((v, i) => {
    if (v < 0.05) return;
    xs.push(i % SIDE);
    ys.push(Math.floor(i / SIDE));
  });
  return {
    wide: Math.max(...xs) - Math.min(...xs) + 1,
    tall: Math.max(...ys) - Math.min(...ys) + 1,
  };
}

describe("Ink", () => {
  it("is scaled to a box of 20 and centred by its mass, wherever and however small it was drawn", () => {
    for (const [x, y, size] of [
      [3, 3, 6],
      [10, 5, 12],
      [20, 16, 7],
    ] as const) {
      const ink = new Ink();
      // An L: its centre of mass is not the middle of its box.
      ink.stroke(x, y, x, y + size);
      ink.stroke(x, y + size, x + size / 2, y + size);
      const image = ink.image();
      const { tall } = box(image);
      expect(tall).toBeGreaterThanOrEqual(19);
      expect(tall).toBeLessThanOrEqual(22);
      const [mx, my] = centre(image, SIDE);
      expect(Math.abs(mx - 14)).toBeLessThan(0.15);
      expect(Math.abs(my - 14)).toBeLessThan(0.15);
      expect(Math.max(...image)).toBeGreaterThan(0.95);
      expect(Math.max(...image)).toBeLessThanOrEqual(1.0001);
    }
  });

  it("keeps the shape: a wide stroke stays wide", () => {
    const ink = new Ink();
    ink.stroke(4, 14, 24, 14);
    const { wide, tall } = box(ink.image());
    expect(wide).toBeGreaterThanOrEqual(19);
    expect(tall).toBeLessThan(8);
  });

  it("takes a test digit as it is, until something is drawn on it", () => {
    const digit = new Uint8Array(SIDE * SIDE);
    digit[14 * SIDE + 10] = 255;
    digit[15 * SIDE + 10] = 51;
    const ink = new Ink();
    ink.take(digit);
    expect(ink.empty).toBe(false);
    expect(ink.image()[14 * SIDE + 10]).toBe(1);
    expect(ink.image()[15 * SIDE + 10]).toBeCloseTo(0.2);
    ink.stroke(20, 20, 20, 24);
    expect(ink.image()[14 * SIDE + 10]).not.toBe(1);
    ink.clear();
    expect(ink.empty).toBe(true);
    expect(ink.image().every((v) => v === 0)).toBe(true);
  });
});

it("nothing drawn is prepared as nothing", () => {
  expect(prepare(new Float32Array(16), 4).every((v) => v === 0)).toBe(true);
});
