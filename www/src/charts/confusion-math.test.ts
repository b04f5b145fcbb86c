import { describe, expect, it } from "vitest";
import { confusionOf, mistakes, shares } from "./confusion-math";

// Shown 0, 1, 1, 2, 1; called 0, 1, 2, 0, 2.
const outputs = Float32Array.from([
  ...[0.9, 0.1, 0], //
  ...[0, 0.6, 0.5],
  ...[-1, -2, 3],
  ...[0.2, 0.1, 0.1],
  ...[0, 0.1, 0.2],
]);
const found = confusionOf(outputs, [0, 1, 1, 2, 1, 0, 0], 3);

describe("what is taken for what", () => {
  it("counts shown by called", () => {
    expect([...found.counts]).toEqual([1, 0, 0, 0, 1, 2, 1, 0, 0]);
  });

  it("has shares of rows, and none of an empty row", () => {
    const parts = [...shares(found)].map((p) => Number(p.toFixed(4)));
    expect(parts).toEqual([1, 0, 0, 0, 0.3333, 0.6667, 1, 0, 0]);
    expect([...shares({ classes: 2, counts: new Uint32Array(4) })]).toEqual([0, 0, 0, 0]);
  });

  it("lists mistakes, the most frequent first, and no right answers", () => {
    expect(mistakes(found)).toEqual([
      { shown: 1, called: 2, n: 2 },
      { shown: 2, called: 0, n: 1 },
    ]);
  });
});
