import { describe, expect, it } from "vitest";
import { metricsAt } from "../testing/fake";
import { curve, estimate, summary, trace } from "./statistics";

describe("estimate", () => {
  it("is mean and standard error with n - 1, by hand", () => {
    // mean 4; squares 4 + 0 + 4 = 8; variance 8 / 2 = 4; error sqrt(4 / 3)
    expect(estimate([2, 4, 6])).toEqual({ n: 3, mean: 4, error: Math.sqrt(4 / 3) });
    // squares 0.25 + 0.25; variance 0.5; error sqrt(0.5 / 2)
    expect(estimate([1, 2])).toEqual({ n: 2, mean: 1.5, error: 0.5 });
  });

  it("has no error for one number and nothing for none", () => {
    expect(estimate([7])).toEqual({ n: 1, mean: 7, error: null });
    expect(estimate([])).toBeNull();
  });
});

const rows = [metricsAt(0, 8), metricsAt(10, 2), metricsAt(20, 5), metricsAt(30, 3)];

describe("trace", () => {
  it("averages over the rows before, fewer at the start", () => {
    expect(trace(rows, (row) => row.test_loss, 3)).toEqual([
      { step: 0, value: 8 },
      { step: 10, value: 5 },
      { step: 20, value: 5 },
      { step: 30, value: 10 / 3 },
    ]);
  });

  it("leaves out what is no number", () => {
    expect(trace(rows, (row) => (row.step === 10 ? null : row.step / row.step))).toEqual([
      { step: 20, value: 1 },
      { step: 30, value: 1 },
    ]);
  });
});

describe("curve", () => {
  it("joins runs step by step, each step with its own number of runs", () => {
    const short = trace(rows.slice(0, 2), (row) => row.test_loss);
    const long = trace(rows.slice(0, 3), (row) => row.test_loss + 2);
    expect(curve([long, short])).toEqual([
      { step: 0, estimate: { n: 2, mean: 9, error: 1 } },
      { step: 10, estimate: { n: 2, mean: 3, error: 1 } },
      { step: 20, estimate: { n: 1, mean: 7, error: null } },
    ]);
  });
});

describe("summary", () => {
  const pick = (row: { test_loss: number }): number => row.test_loss;
  it("is the last row, or the best in either direction", () => {
    expect(summary(rows, pick, "final", true)).toBe(3);
    expect(summary(rows, pick, "best", true)).toBe(2);
    expect(summary(rows, pick, "best", false)).toBe(8);
    expect(summary([], pick, "best", true)).toBeNull();
  });
});
