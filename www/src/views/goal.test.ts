import { describe, expect, it } from "vitest";
import { readAt, Target } from "./goal";

describe("a target for the loss", () => {
  it("is reached once by every rule", () => {
    const target = new Target();
    expect(target.check("np", 900, 800)).toBe(false);
    expect(target.check("np", 800, 800)).toBe(true);
    expect(target.check("np", 700, 800)).toBe(false);
    expect(target.check("bp", 799, 800)).toBe(true);
    target.forget("np");
    expect(target.check("np", 700, 800)).toBe(true);
  });

  it("is none at 0, and a lower one counts anew", () => {
    const target = new Target();
    expect(target.check("np", 0, 0)).toBe(false);
    expect(target.check("np", 5, 6)).toBe(true);
    expect(target.check("np", 4, 5)).toBe(true);
    expect(target.check("np", Number.NaN, 3)).toBe(false);
  });
});

describe("an iteration in the address", () => {
  it("is a whole number within reason, or nothing", () => {
    expect(readAt("task=classifier&at=1200")).toEqual({ at: 1200, bad: null });
    expect(readAt("#seed=3")).toEqual({ at: null, bad: null });
    for (const bad of ["-5", "1e99", "soon", "", "2.5", "0"]) {
      expect(readAt(`at=${bad}`), bad).toEqual({ at: null, bad });
    }
    expect(readAt(`at=${"9".repeat(500)}`).bad?.length).toBeLessThanOrEqual(40);
  });
});
