import { describe, expect, it } from "vitest";
import { paintPixels } from "./digit-grid";
import { logTicks, spread } from "./line";
import { rgb } from "./palette";
import { DrawQueue } from "./queue";
import { nearestShare } from "./scatter";
import { argmax } from "./scores";

describe("DrawQueue", () => {
  function setup(cost: number) {
    let t = 0;
    const frames: (() => void)[] = [];
    const queue = new DrawQueue(
      () => t,
      (f) => frames.push(f),
      () => undefined,
    );
    const drawn: number[] = [];
    const items = [0, 1, 2].map((i) => ({
      draw: () => {
        t += cost;
        drawn.push(i);
      },
    }));
    return { queue, frames, drawn, items };
  }

  it("draws a chart once a frame, however often it was marked", () => {
    const { queue, frames, drawn, items } = setup(0.1);
    for (const item of [...items, ...items]) queue.mark(item);
    expect(frames).toHaveLength(1);
    frames.shift()?.();
    expect(drawn).toEqual([0, 1, 2]);
    expect(frames).toHaveLength(0);
    expect(queue.takeSpent()).toBeCloseTo(0.3);
    expect(queue.takeSpent()).toBe(0);
  });

  it("leaves the rest for the next frame when drawing takes long", () => {
    const { queue, frames, drawn, items } = setup(8);
    for (const item of items) queue.mark(item);
    frames.shift()?.();
    expect(drawn).toEqual([0]);
    frames.shift()?.();
    frames.shift()?.();
    expect(drawn).toEqual([0, 1, 2]);
  });
});

describe("logTicks", () => {
  it("gives at least three ticks inside, from decades down to dense ones", () => {
    expect(logTicks(0.01, 100)).toEqual([0.01, 0.1, 1, 10, 100]);
    expect(logTicks(0.5, 3)).toEqual([0.5, 1, 2]);
    expect(logTicks(0.72, 2.1)).toEqual([1, 1.5, 2]);
    expect(logTicks(1.1, 1.9).length).toBeGreaterThanOrEqual(3);
    expect(logTicks(0, 5)).toEqual([]);
  });
});

describe("spread", () => {
  it("keeps labels apart, in order and inside", () => {
    const items = [{ y: 50 }, { y: 51 }, { y: 52 }, { y: 99 }];
    spread(items, 12, 0, 100);
    const ys = items.map((i) => i.y);
    for (let i = 1; i < ys.length; i++)
      expect((ys[i] ?? 0) - (ys[i - 1] ?? 0)).toBeGreaterThanOrEqual(12);
    expect(Math.max(...ys)).toBeLessThanOrEqual(100);
  });
});

describe("nearestShare", () => {
  it("is 100 for separated classes and 0 for a chessboard", () => {
    const points = Float32Array.of(0, 0, 0.1, 0, 9, 9, 9.1, 9);
    expect(nearestShare({ points, width: 2 }, Uint8Array.of(1, 1, 2, 2))).toBe(100);
    expect(nearestShare({ points, width: 2 }, Uint8Array.of(1, 2, 1, 2))).toBe(0);
  });
});

it("argmax takes the first of equals", () => {
  expect(argmax([0, 3, 3, 1])).toBe(1);
});

it("rgb reads six hex digits and survives anything else", () => {
  expect(rgb("#1d1d1f")).toEqual([29, 29, 31]);
  expect(rgb("tomato")).toEqual([128, 128, 128]);
});

describe("paintPixels", () => {
  const ramp = { paper: [250, 240, 230], ink: [10, 20, 30] };

  it("draws grey between paper and ink, and clips", () => {
    const rgba = new Uint8ClampedArray(12);
    paintPixels(rgba, [0, 0.25, 7], 1, 1, ramp);
    expect([...rgba]).toEqual([250, 240, 230, 255, 190, 185, 180, 255, 10, 20, 30, 255]);
  });

  it("draws red, green and blue as they are, whatever the theme", () => {
    const rgba = new Uint8ClampedArray(8);
    paintPixels(rgba, Uint8Array.of(255, 0, 128, 1, 2, 3), 255, 3, ramp);
    expect([...rgba]).toEqual([255, 0, 128, 255, 1, 2, 3, 255]);
    paintPixels(rgba, [1.5, -1, 0.2, 0, 0.4, 1], 1, 3, ramp);
    expect([...rgba]).toEqual([255, 0, 51, 255, 0, 102, 255, 255]);
  });
});
