import { describe, expect, it } from "vitest";
import type { HyperInfo } from "../store";
import { movedTo, positionOf, valueAt } from "./rate";

const log: HyperInfo = {
  key: "eta_w",
  label: "",
  unit: "",
  min: 1e-7,
  max: 0.1,
  log: true,
  help: "",
};
const linear: HyperInfo = { ...log, min: 0, max: 2, log: false };

describe("slider scale", () => {
  it("covers the range end to end", () => {
    for (const info of [log, linear]) {
      expect(valueAt(info, 0)).toBe(info.min);
      expect(valueAt(info, 1)).toBe(info.max);
    }
  });

  it("is logarithmic, with the geometric middle in the middle", () => {
    expect(valueAt(log, 0.5)).toBe(1e-4);
    expect(positionOf(log, 1e-4)).toBeCloseTo(0.5);
    expect(valueAt(linear, 0.25)).toBe(0.5);
  });

  it("goes back and forth within its two digits", () => {
    for (const v of [2e-7, 8e-6, 1e-4, 0.05])
      expect(valueAt(log, positionOf(log, v))).toBeCloseTo(v, 10);
  });

  it("moves with every arrow key, from one end to the other and back", () => {
    const step = (value: number, way: number): number =>
      movedTo(log, value, Math.round(positionOf(log, value) * 600) + way);
    const up = [log.min];
    while ((up.at(-1) ?? 1) < log.max) {
      up.push(step(up.at(-1) ?? 1, 1));
      expect(up.at(-1)).toBeGreaterThan(up.at(-2) ?? 1);
    }
    let down = log.max;
    for (let presses = 0; down > log.min; presses++) {
      const next = step(down, -1);
      expect(next).toBeLessThan(down);
      expect(presses).toBeLessThan(700);
      down = next;
    }
    expect(movedTo(log, 1e-4, 300)).toBe(1e-4);
  });

  it("puts 0 at the left end of a logarithmic range that includes it", () => {
    const zero = { ...log, min: 0 };
    expect(positionOf(zero, 0)).toBe(0);
    expect(valueAt(zero, 0)).toBe(0);
    expect(valueAt(zero, 0.01)).toBeGreaterThan(0);
  });
});
