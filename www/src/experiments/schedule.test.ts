import { expect, it } from "vitest";
import { nextRow, pace } from "./schedule";

function all(every: number, steps: number): number[] {
  const rows = [0];
  while ((rows.at(-1) ?? 0) < steps) rows.push(nextRow(rows.at(-1) ?? 0, every, steps));
  return rows;
}

it("rows are denser at first and end with the run, as on the command line", () => {
  // the same numbers as the test of `next_row` in crate/src/cli/job.rs
  const rows = all(10, 125);
  expect(rows.slice(0, 4)).toEqual([0, 1, 2, 3]);
  expect(rows.slice(-4)).toEqual([100, 110, 120, 125]);
  expect(nextRow(3, 5, 100)).toBe(4);
});

it("does not depend on where a slice of the run ended", () => {
  const rows = all(70, 2000);
  for (let step = 0; step < 2000; step++) {
    expect(nextRow(step, 70, 2000)).toBe(rows.find((row) => row > step));
  }
});

it("a short run still has a curve, a long one the paper's rows", () => {
  expect(pace(10_000, 20_000)).toBe(500);
  expect(pace(10_000, 2_001_000)).toBe(10_000);
  expect(pace(1_000, 100)).toBe(50);
  expect(all(pace(1_000, 100), 100).length).toBeGreaterThan(10);
});
