import { describe, expect, it } from "vitest";
import { type GpuLane, GpuPace } from "./gpu-pace";

class TestLane implements GpuLane {
  step = 0;
  ready = true;
  busy = false;
  boundary = 1e6;
  chunks: number[] = [];

  constructor(
    private readonly clock: { t: number },
    public gpuMsPerStep: number | null,
    private readonly encodeMs = 0,
  ) {}

  advance(n: number): void {
    this.clock.t += n * this.encodeMs;
    this.step += n;
    this.chunks.push(n);
  }
}

function setup(...costs: (number | null)[]) {
  const clock = { t: 0 };
  const lanes = costs.map((ms) => new TestLane(clock, ms));
  const pace = new GpuPace<TestLane>(() => clock.t);
  const frames = (n: number, budget = 10, limit = Number.POSITIVE_INFINITY): void => {
    for (let i = 0; i < n; i++) pace.submit(lanes, budget, limit);
  };
  const [first = new TestLane(clock, null), second = first] = lanes;
  return { clock, lanes, pace, frames, first, second };
}

describe("GpuPace", () => {
  it("begins with single steps while nothing is measured", () => {
    const { frames, first } = setup(null);
    frames(3);
    expect(first.chunks).toEqual([1, 1, 1]);
  });

  it("doubles up to what the budget holds, and stays there", () => {
    const { frames, first } = setup(0.5);
    frames(8);
    expect(first.chunks).toEqual([2, 4, 8, 16, 20, 20, 20, 20]);
  });

  it("shares the budget among runs that stand level, whatever their steps cost", () => {
    const { frames, lanes } = setup(0.5, 0.3, 0.2);
    frames(20);
    const [a, ...rest] = lanes.map((lane) => lane.chunks.at(-1));
    expect(a).toBe(10);
    expect(rest).toEqual([10, 10]);
    expect(new Set(lanes.map((lane) => lane.step)).size).toBe(1);
  });

  it("goes on with one step a frame when even that exceeds the budget", () => {
    const { frames, first, second } = setup(24, 24);
    frames(5);
    expect(first.chunks).toEqual([1, 1, 1, 1, 1]);
    expect(second.step).toBe(5);
  });

  it("leaves out a run whose submissions are in flight; the others wait for it", () => {
    const { frames, first, second } = setup(1, 1);
    frames(4);
    first.busy = true;
    frames(3);
    expect(second.step).toBeGreaterThan(first.step);
    const ahead = second.step;
    frames(3);
    expect(second.step).toBe(ahead);
    first.busy = false;
    frames(3);
    expect(first.step).toBeGreaterThanOrEqual(ahead);
  });

  it("lets a latecomer catch up before anyone goes on", () => {
    const { frames, first, second } = setup(0.1, 0.1);
    first.step = 500;
    frames(8);
    expect(first.step).toBe(500);
    frames(30);
    expect(second.step).toBe(first.step);
  });

  it("stops at boundary and limit, and does not start small again after them", () => {
    const { frames, first } = setup(0.1);
    first.boundary = 130;
    frames(12);
    expect(first.step).toBe(130);
    first.boundary = 1e6;
    frames(1);
    expect(first.chunks.at(-1)).toBeGreaterThan(50);
    frames(20, 10, first.step + 7);
    expect(first.chunks.at(-1)).toBe(7);
  });

  it("submits no more than the page can encode within the budget", () => {
    const { clock, pace } = setup();
    const lane = new TestLane(clock, 0.01, 0.5);
    for (let i = 0; i < 40; i++) pace.submit([lane], 10, Number.POSITIVE_INFINITY);
    expect(lane.chunks.at(-1)).toBeLessThanOrEqual(21);
    expect(lane.chunks.at(-1)).toBeGreaterThan(10);
  });
});
