import { describe, expect, it } from "vitest";
import type { SimulatorHandle } from "../engine/protocol";
import { baseConfig, fakeData, metricsAt, settled } from "../testing/fake";
import type { DataParts } from "./binding";
import { Host } from "./host";
import type { FromHost, Job } from "./jobs";
import { nextRow } from "./schedule";

const parts = { trainImages: new Uint8Array(1) } as unknown as DataParts;
const job = (extra: Partial<Job> = {}): Job => ({
  id: 7,
  arm: "np",
  seed: 1,
  config: baseConfig("np"),
  steps: 137,
  every: 20,
  pictures: null,
  ...extra,
});

/** A run whose steps take `cost` ms each and that fails at step `until`. */
function setup(cost: number, until = Number.POSITIVE_INFINITY) {
  let time = 0;
  const told: FromHost[] = [];
  const slices: number[] = [];
  const rests: (() => void)[] = [];
  let freed = 0;
  const simulator = (): SimulatorHandle => {
    let step = 0;
    return {
      get step() {
        return step;
      },
      advance: (n: number) => {
        step += n;
        time += n * cost;
        slices.push(n * cost);
        if (step >= until) throw Object.assign(new Error("it grew"), { code: "diverged" });
        return step;
      },
      metrics: () => Promise.resolve(metricsAt(step, 1)),
      free: () => {
        freed++;
      },
    } as unknown as SimulatorHandle;
  };
  const clock = {
    now: () => time,
    rest: () => new Promise<void>((resolve) => rests.push(resolve)),
    slice: 50,
  };
  const host = new Host({ simulator, putTogether: () => fakeData }, clock, (m) => told.push(m));
  const turn = async (): Promise<boolean> => {
    await settled();
    const rest = rests.shift();
    rest?.();
    await settled();
    return rest !== undefined;
  };
  const rows = (): number[] =>
    told.flatMap((m) => (m.type === "progress" ? m.rows.map((row) => row.step) : []));
  return { host, told, slices, turn, rows, freed: () => freed };
}

describe("host", () => {
  it("measures at the schedule's steps however long the slices are", async () => {
    const wanted = [0];
    while ((wanted.at(-1) ?? 0) < 137) wanted.push(nextRow(wanted.at(-1) ?? 0, 20, 137));
    for (const cost of [0.1, 3, 20]) {
      const { host, told, slices, turn, rows, freed } = setup(cost);
      host.receive({ type: "data", parts });
      host.receive({ type: "run", job: job() });
      while (await turn());
      expect(rows()).toEqual(wanted);
      expect(told.at(-1)).toEqual({ type: "done", id: 7 });
      expect(Math.max(...slices)).toBeLessThanOrEqual(50);
      expect(freed()).toBe(1);
    }
  });

  it("holds between two slices and goes on from there", async () => {
    const { host, told, turn, rows } = setup(10);
    host.receive({ type: "data", parts });
    host.receive({ type: "run", job: job() });
    await turn();
    await turn();
    host.receive({ type: "pause" });
    for (let i = 0; i < 5; i++) await turn();
    const held = rows().length;
    expect(told.some((m) => m.type === "done")).toBe(false);
    for (let i = 0; i < 5; i++) await turn();
    expect(rows().length).toBe(held);
    host.receive({ type: "resume" });
    while (await turn());
    expect(rows().at(-1)).toBe(137);
  });

  it("reports divergence with its step and takes the next job", async () => {
    const { host, told, turn, freed } = setup(1, 40);
    host.receive({ type: "data", parts });
    host.receive({ type: "run", job: job() });
    host.receive({ type: "run", job: job({ id: 8, steps: 10 }) });
    while (await turn());
    const stopped = told.find((m) => m.type === "stopped");
    expect(stopped).toMatchObject({ id: 7, code: "diverged", message: "it grew" });
    expect(told.at(-1)).toEqual({ type: "done", id: 8 });
    expect(freed()).toBe(2);
  });

  it("refuses a run before its data, and ignores nonsense", async () => {
    const { host, told, turn } = setup(1);
    host.receive({ type: "explode" });
    host.receive({ type: "run", job: { id: "x" } });
    host.receive({ type: "run", job: job() });
    while (await turn());
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ type: "stopped", id: 7, code: "internal" });
  });
});
