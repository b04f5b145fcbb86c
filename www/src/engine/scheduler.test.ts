import { describe, expect, it } from "vitest";
import { type Lane, nextProbe, Scheduler } from "./scheduler";

class TestLane implements Lane {
  step = 0;
  ready = true;
  boundary = Number.POSITIVE_INFINITY;
  chunks: number[] = [];

  constructor(
    private readonly clock: { t: number },
    readonly ms: number,
  ) {}

  advance(n: number): void {
    this.clock.t += n * this.ms;
    this.step += n;
    this.chunks.push(n);
  }
}

function setup(...costs: number[]) {
  const clock = { t: 0 };
  const lanes = costs.map((ms) => new TestLane(clock, ms));
  const scheduler = new Scheduler<TestLane>(() => clock.t);
  const slice = (budget: number, limit = Number.POSITIVE_INFINITY): number => {
    const start = clock.t;
    scheduler.slice(lanes, budget, limit);
    return clock.t - start;
  };
  return { clock, lanes, scheduler, slice };
}

describe("Scheduler", () => {
  it("uses the budget and does not exceed it by more than one step", () => {
    const { slice } = setup(0.1);
    for (let i = 0; i < 20; i++) {
      const took = slice(9);
      expect(took).toBeLessThanOrEqual(9.2);
      if (i > 10) expect(took).toBeGreaterThan(8);
    }
  });

  it("brings all rules to the same iteration, whatever their step costs", () => {
    const { lanes, slice } = setup(2.5, 1, 0.4);
    for (let i = 0; i < 50; i++) slice(9);
    const steps = lanes.map((l) => l.step);
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(3);
    expect(Math.min(...steps)).toBeGreaterThan(90);
  });

  it("lets a latecomer catch up before anyone goes on", () => {
    const { clock, lanes, slice } = setup(1);
    for (let i = 0; i < 20; i++) slice(9);
    const ahead = lanes[0]?.step ?? 0;
    const late = new TestLane(clock, 1);
    lanes.push(late);
    for (let i = 0; i < 10; i++) slice(9);
    expect(lanes[0]?.step).toBe(ahead);
    for (let i = 0; i < 30; i++) slice(9);
    expect(Math.abs((lanes[0]?.step ?? 0) - late.step)).toBeLessThanOrEqual(4);
    expect(late.step).toBeGreaterThan(ahead);
  });

  it("always makes progress, even when one step exceeds the budget", () => {
    const { lanes, slice } = setup(25);
    slice(9);
    slice(9);
    expect(lanes[0]?.step).toBe(2);
  });

  it("never runs a chunk of more than 16 ms once it knows the step time", () => {
    const { lanes, slice } = setup(0.5);
    for (let i = 0; i < 30; i++) slice(30);
    expect(Math.max(...(lanes[0]?.chunks ?? []))).toBeLessThanOrEqual(32);
  });

  it("recovers when steps become ten times slower", () => {
    const clock = { t: 0 };
    const lane = new TestLane(clock, 0.1);
    const scheduler = new Scheduler<TestLane>(() => clock.t);
    for (let i = 0; i < 20; i++) scheduler.slice([lane], 9, Number.POSITIVE_INFINITY);
    Object.assign(lane, { ms: 1 });
    const times = Array.from({ length: 8 }, () => {
      const start = clock.t;
      scheduler.slice([lane], 9, Number.POSITIVE_INFINITY);
      return clock.t - start;
    });
    expect(times.at(-1)).toBeLessThanOrEqual(11);
  });

  it("stops at the limit and at a lane's boundary", () => {
    const { lanes, slice } = setup(0.1, 0.1);
    const [a, b] = lanes;
    if (a !== undefined) a.boundary = 7;
    for (let i = 0; i < 10; i++) slice(9, 20);
    expect(a?.step).toBe(7);
    expect(b?.step).toBe(20);
  });

  it("leaves out lanes that are not ready", () => {
    const { lanes, slice } = setup(1, 1);
    const [a, b] = lanes;
    if (a !== undefined) a.ready = false;
    slice(9);
    expect(a?.step).toBe(0);
    expect(b?.step).toBeGreaterThan(0);
  });
});

describe("nextProbe", () => {
  it("is dense at first and then follows the interval", () => {
    const at: number[] = [];
    for (let s = 0; s < 300; s = nextProbe(s, 100)) at.push(s);
    expect(at).toEqual([0, 1, 2, 5, 10, 20, 50, 100, 200]);
  });

  it("depends on the step alone, so an extra measurement shifts nothing", () => {
    expect(nextProbe(137, 100)).toBe(200);
    expect(nextProbe(200, 100)).toBe(300);
    expect(nextProbe(0, 1)).toBe(1);
  });
});
