import { describe, expect, it } from "vitest";
import type { Metrics } from "../store";
import { sparks } from "./standing";

const at = (step: number, loss: number): Metrics => ({ step, test_loss: loss }) as Metrics;
const loss = (m: Metrics): number => m.test_loss;

describe("the lines in the bar", () => {
  it("put the first point at the left, the last at the right, the best at the bottom", () => {
    const [line] = sparks([[at(0, 100), at(50, 10), at(100, 1)]], loss);
    expect(line).toBe("M2.0 2.0L60.0 16.0L118.0 30.0");
  });

  it("share their axes", () => {
    const [long, short] = sparks(
      [
        [at(0, 100), at(100, 1)],
        [at(0, 100), at(50, 10)],
      ],
      loss,
    );
    expect(long).toBe("M2.0 2.0L118.0 30.0");
    expect(short).toBe("M2.0 2.0L60.0 16.0");
  });

  it("leave out what has no logarithm, and lines without a second point", () => {
    const [line, none, empty] = sparks(
      [
        [at(0, 100), at(10, Number.NaN), at(20, Number.POSITIVE_INFINITY), at(30, 1)],
        [at(0, 5)],
        [],
      ],
      loss,
    );
    expect(line).toBe("M2.0 2.0L118.0 30.0");
    expect(none).toBe("");
    expect(empty).toBe("");
  });

  it("have no more points than can be told apart, and always the newest", () => {
    const frames = Array.from({ length: 1001 }, (_, i) => at(i, 1000 - i / 2));
    const [line] = sparks([frames], loss);
    const points = line?.split("L") ?? [];
    expect(points.length).toBeLessThanOrEqual(61);
    expect(points.at(-1)).toBe("118.0 30.0");
  });
});
