import { describe, expect, it } from "vitest";
import { pushApart, wordOf } from "./dial";

describe("pushApart", () => {
  it("separates labels at one angle and keeps their order within the half circle", () => {
    const labels = [90, 90, 91, 92, 2, 1].map((at) => ({ at, wide: 20 }));
    pushApart(labels, 100);
    const at = labels.map((l) => l.at);
    expect(at).toEqual([...at].sort((a, b) => a - b));
    for (let i = 1; i < at.length; i++) {
      const apart = (((at[i] ?? 0) - (at[i - 1] ?? 0)) * Math.PI * 100) / 180;
      expect(apart).toBeGreaterThan(12.5);
    }
    expect(at[0]).toBeGreaterThanOrEqual(0);
    expect(at.at(-1)).toBeLessThanOrEqual(180);
  });

  it("leaves labels alone that have room", () => {
    const labels = [
      { at: 10, wide: 20 },
      { at: 80, wide: 20 },
    ];
    pushApart(labels, 150);
    expect(labels.map((l) => l.at)).toEqual([10, 80]);
  });
});

it("an angle has a word, and 90° is where descent ends", () => {
  expect(wordOf(0)).toBe("exact");
  expect(wordOf(9)).toBe("nearly exact");
  expect(wordOf(40)).toBe("downhill");
  expect(wordOf(89)).toBe("no direction");
  expect(wordOf(120)).toBe("uphill");
});
