import { describe, expect, it } from "vitest";
import { agreement, bins, frameOf, ticksOf } from "./estimate-math";

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

describe("agreement", () => {
  it("finds line, bias and spread of numbers done by hand", () => {
    // y = 2 x + 1 but for the last, which lies 2 above it
    const found = agreement(floats(0, 1, 2, 3), floats(1, 3, 5, 9));
    expect(found?.count).toBe(4);
    expect(found?.slope).toBeCloseTo(2.6, 6);
    expect(found?.intercept).toBeCloseTo(0.6, 6);
    expect(found?.correlation).toBeCloseTo(13 / Math.sqrt(5 * 35), 6);
    // differences 1, 2, 3, 6
    expect(found?.bias).toBeCloseTo(3, 6);
    expect(found?.spread).toBeCloseTo(Math.sqrt(14 / 3), 6);
    expect(found?.biasError).toBeCloseTo(Math.sqrt(14 / 12), 6);
    expect(found?.truthSpread).toBeCloseTo(Math.sqrt(1.25), 6);
  });

  it("is exact for the truth itself", () => {
    const found = agreement(floats(-1, 0.5, 2), floats(-1, 0.5, 2));
    expect(found).toMatchObject({ bias: 0, spread: 0, biasError: 0 });
    expect(found?.slope).toBeCloseTo(1, 9);
    expect(found?.correlation).toBeCloseTo(1, 9);
  });

  it("says nothing of a unit that has no gradient", () => {
    expect(agreement(floats(0, 0, 0), floats(1, -1, 3))).toMatchObject({
      slope: null,
      correlation: null,
    });
    expect(agreement(floats(1), floats(1))).toBeNull();
  });

  it("leaves out what is no number", () => {
    const found = agreement(floats(0, 1, Number.NaN, 2), floats(0, 1, 5, Number.POSITIVE_INFINITY));
    expect(found?.count).toBe(2);
    expect(found?.slope).toBeCloseTo(1, 9);
  });
});

describe("bins", () => {
  it("takes equally many samples together, in order of the truth", () => {
    const found = bins(floats(3, 0, 2, 1), floats(30, 2, 20, 4), 2);
    expect(found).toEqual([
      { truth: 0.5, estimate: 3, error: 1, count: 2 },
      { truth: 2.5, estimate: 25, error: 5, count: 2 },
    ]);
    expect(bins(floats(1, 2), floats(1, 2), 8)).toEqual([]);
  });
});

describe("frames", () => {
  it("leaves out the outermost values and is never empty", () => {
    const values = Float32Array.from({ length: 101 }, (_, i) => i);
    values[100] = 1e6;
    const [low, high] = frameOf(values, 0.96);
    expect(low).toBeCloseTo(2 - 0.08 * 96, 6);
    expect(high).toBeCloseTo(98 + 0.08 * 96, 6);
    expect(frameOf(floats(0, 0), 0.98)[1]).toBeGreaterThan(0);
    expect(frameOf(floats(), 0.98)[1]).toBeGreaterThan(frameOf(floats(), 0.98)[0]);
  });

  it("has round ticks", () => {
    expect(ticksOf([-0.9, 1.1], 4)).toEqual([-0.5, 0, 0.5, 1]);
    expect(ticksOf([0, 99], 5)).toEqual([0, 20, 40, 60, 80]);
    expect(ticksOf([-40, 48], 4)).toEqual([-25, 0, 25]);
  });
});
