import { describe, expect, it } from "vitest";
import { columns, History } from "./store";
import { metricsAt } from "./testing/fake";

describe("History", () => {
  it("stays bounded, keeps the first and the newest point, and keeps rules on the same x", () => {
    const history = new History(100);
    for (let step = 0; step <= 10_000; step += 10) {
      for (const rule of ["np", "bp"]) history.push(rule, metricsAt(step, step));
    }
    const np = history.frames("np").map((m) => m.step);
    expect(np.length).toBeLessThanOrEqual(101);
    expect(np.length).toBeGreaterThan(40);
    expect(np[0]).toBe(0);
    expect(np.at(-1)).toBe(10_000);
    expect(history.frames("bp").map((m) => m.step)).toEqual(np);
    expect(history.latest("np")?.step).toBe(10_000);
  });

  it("is in order without repetition, and replaces a point measured again", () => {
    const history = new History(50);
    for (let step = 0; step < 500; step++) history.push("np", metricsAt(step));
    history.push("np", metricsAt(499, 7));
    const steps = history.frames("np").map((m) => m.step);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(history.latest("np")?.test_loss).toBe(7);
  });

  it("lets a rule that joins late keep up with the grain", () => {
    const history = new History(50);
    for (let step = 0; step < 1000; step++) history.push("np", metricsAt(step));
    for (let step = 0; step < 1000; step++) history.push("fa", metricsAt(step));
    expect(history.frames("fa").length).toBeLessThanOrEqual(52);
  });
});

describe("History.rewind", () => {
  it("forgets what came after, the newest point included, for that rule alone", () => {
    const history = new History(20);
    for (let step = 0; step <= 300; step += 7)
      for (const rule of ["np", "fa"]) history.push(rule, metricsAt(step, step));
    const before = history.frames("fa").map((m) => m.step);
    history.rewind("np", 200);
    history.rewind("xx", 0);
    expect(history.latest("np")?.step).toBeLessThanOrEqual(200);
    expect(history.frames("fa").map((m) => m.step)).toEqual(before);
    history.push("np", metricsAt(210));
    const steps = history.frames("np").map((m) => m.step);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(210);
  });
});

describe("columns", () => {
  it("joins rules on the union of their iterations, null where one has none", () => {
    const history = new History();
    history.push("np", metricsAt(0, 5));
    history.push("np", metricsAt(10, 4));
    history.push("fa", metricsAt(10, Number.POSITIVE_INFINITY));
    history.push("fa", metricsAt(20, 3));
    const { x, ys } = columns([
      { frames: history.frames("np"), pick: (m) => m.test_loss },
      { frames: history.frames("fa"), pick: (m) => m.test_loss },
    ]);
    expect(x).toEqual([0, 10, 20]);
    expect(ys).toEqual([
      [5, 4, null],
      [null, null, 3],
    ]);
  });
});
