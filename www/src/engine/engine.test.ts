import { describe, expect, it } from "vitest";
import { baseConfig, FakeClock, fakeCore, fakeData } from "../testing/fake";
import { Engine } from "./engine";
import type { EngineEvent } from "./protocol";

function setup(costs: Parameters<typeof fakeCore>[1], rules = ["np", "bp", "fa"]) {
  const clock = new FakeClock();
  const { core, sims } = fakeCore(clock, costs);
  const events: EngineEvent[] = [];
  const engine = new Engine(core, clock, (event) => events.push(event));
  engine.setPace({ budgetMs: 9, interval: 50, stopAt: 0 });
  engine.build(fakeData, rules.map(baseConfig));
  const metrics = (rule: string): number[] =>
    events.flatMap((e) => (e.type === "metrics" && e.rule === rule ? [e.metrics.step] : []));
  return { clock, engine, sims, events, metrics };
}

const even = () => ({ stepMs: 1, metricsMs: 12 });

describe("Engine", () => {
  it("measures every rule at iteration 0 before anything runs", async () => {
    const { clock, engine, metrics } = setup(even);
    await clock.frames(8);
    expect(engine.status().phase).toBe("ready");
    for (const rule of ["np", "bp", "fa"]) expect(metrics(rule)).toEqual([0]);
    expect(clock.waiting).toBe(false);
  });

  it("keeps frames short: one measurement at a time, never 40 ms", async () => {
    const { clock, engine } = setup(even);
    await clock.frames(6);
    engine.run();
    const times = await clock.frames(400);
    expect(Math.max(...times)).toBeLessThan(40);
    expect(times.filter((t) => t > 15).length).toBeLessThan(20);
  });

  it("measures all rules at the same iterations", async () => {
    const { clock, engine, metrics } = setup((rule) => ({
      stepMs: rule === "np" ? 1.5 : 0.7,
      metricsMs: 12,
    }));
    await clock.frames(6);
    engine.run();
    await clock.frames(300);
    const shared = metrics("np").slice(0, 8);
    expect(shared).toEqual([0, 1, 2, 5, 10, 20, 50, 100]);
    expect(metrics("bp").slice(0, 8)).toEqual(shared);
    expect(metrics("fa").slice(0, 8)).toEqual(shared);
  });

  it("runs exactly as many steps as asked, measures there and pauses", async () => {
    const { clock, engine, metrics } = setup(even);
    await clock.frames(6);
    engine.stepBy(1);
    await clock.frames(10);
    engine.stepBy(7);
    await clock.frames(20);
    const status = engine.status();
    expect(status.phase).toBe("paused");
    expect(status.lanes.map((l) => l.step)).toEqual([8, 8, 8]);
    expect(metrics("fa")).toContain(8);
  });

  it("does a step of one part with all rules level, measured before and after it", async () => {
    const { clock, engine, events, metrics, sims } = setup((rule) => ({
      stepMs: rule === "np" ? 2.2 : 1,
      metricsMs: 10,
    }));
    // Asked before anything was made: the first measurement is still that of iteration 0.
    engine.stepOnly("feedback");
    await clock.frames(12);
    for (const rule of ["np", "bp", "fa"]) expect(metrics(rule)).toEqual([0, 1]);
    expect(engine.status().phase).toBe("paused");
    // In the middle of a run: it pauses, and the slower rule comes level first.
    engine.run();
    await clock.frames(20);
    engine.stepOnly("forward");
    await clock.frames(20);
    const status = engine.status();
    expect(status.phase).toBe("paused");
    expect(new Set(status.lanes.map((lane) => lane.step)).size).toBe(1);
    expect(metrics("np").at(-1)).toBe(status.iteration);
    for (const sim of sims) expect(sim.parts).toEqual(["feedback", "forward"]);
    const done = events.flatMap((e) => (e.type === "part" ? [[e.part, e.iteration]] : []));
    expect(done).toEqual([
      ["feedback", 1],
      ["forward", status.iteration],
    ]);
    // Nothing is left to be done, and a run goes on as ever.
    expect(clock.waiting).toBe(false);
    engine.run();
    await clock.frames(20);
    expect(engine.status().iteration).toBeGreaterThan(status.iteration);
  });

  it("pauses with all rules on the same iteration and measures it", async () => {
    const { clock, engine, metrics } = setup((rule) => ({
      stepMs: rule === "np" ? 2.2 : 1,
      metricsMs: 10,
    }));
    await clock.frames(6);
    engine.run();
    await clock.frames(47);
    engine.pause();
    const [first, ...rest] = engine.status().lanes.map((l) => l.step);
    expect(rest).toEqual([first, first]);
    await clock.frames(8);
    expect(metrics("np").at(-1)).toBe(first);
    expect(clock.waiting).toBe(false);
  });

  it("ends at the stopping iteration and says so", async () => {
    const { clock, engine, events } = setup(even);
    engine.setPace({ budgetMs: 9, interval: 50, stopAt: 120 });
    await clock.frames(6);
    engine.run();
    await clock.frames(200);
    expect(engine.status().phase).toBe("finished");
    expect(engine.status().lanes.map((l) => l.step)).toEqual([120, 120, 120]);
    expect(events.filter((e) => e.type === "finished")).toHaveLength(1);
  });

  it("stops a rule that diverges and goes on with the others", async () => {
    const { clock, engine, events } = setup((rule) => ({
      stepMs: 1,
      metricsMs: 5,
      ...(rule === "bp" && { divergeAt: 30 }),
    }));
    await clock.frames(6);
    engine.run();
    await clock.frames(100);
    const stopped = events.filter((e) => e.type === "lane-stopped");
    expect(stopped).toHaveLength(1);
    expect(stopped[0]).toMatchObject({ rule: "bp", code: "diverged" });
    expect(engine.status().phase).toBe("running");
    expect(engine.status().lanes.find((l) => l.rule === "np")?.step).toBeGreaterThan(60);
  });

  it("holds in a hidden tab and goes on by itself", async () => {
    const { clock, engine } = setup(even);
    await clock.frames(6);
    engine.run();
    await clock.frames(30);
    const before = engine.status().iteration;
    engine.suspend(true);
    await clock.frames(30);
    expect(engine.status()).toMatchObject({ iteration: before, suspended: true, phase: "running" });
    const elapsed = engine.status().elapsedMs;
    clock.time += 60_000;
    engine.suspend(false);
    await clock.frames(30);
    expect(engine.status().iteration).toBeGreaterThan(before);
    expect(engine.status().elapsedMs).toBeLessThan(elapsed + 2000);
  });

  it("lets a rule join: it starts at 0 and catches up", async () => {
    const { clock, engine, metrics } = setup(even, ["np"]);
    await clock.frames(6);
    engine.run();
    await clock.frames(60);
    engine.addLane(baseConfig("fa"));
    await clock.frames(300);
    const [np, fa] = engine.status().lanes;
    expect(Math.abs((np?.step ?? 0) - (fa?.step ?? 0))).toBeLessThan(10);
    expect(metrics("fa").slice(0, 4)).toEqual([0, 1, 2, 5]);
  });

  it("lets a rule join once only, whether it runs or is still to come", async () => {
    const { clock, engine } = setup(even, ["np"]);
    await clock.frames(6);
    for (const id of ["np", "fa", "fa"]) engine.addLane(baseConfig(id));
    await clock.frames(20);
    engine.addLane(baseConfig("fa"));
    await clock.frames(20);
    expect(engine.status().lanes.map((lane) => lane.rule)).toEqual(["np", "fa"]);
  });

  it("restores all runs or none", async () => {
    const { clock, engine, sims } = setup(even);
    await clock.frames(6);
    engine.stepBy(3);
    await clock.frames(10);
    const bad = [
      { rule: "np", step: 9, blob: Uint8Array.of(9) },
      { rule: "bp", step: 9, blob: Uint8Array.of(255) },
    ];
    expect(() => engine.restore(fakeData, bad, 0)).toThrow("damaged");
    expect(engine.status().lanes.map((l) => l.step)).toEqual([3, 3, 3]);
    expect(sims.filter((s) => !s.freed)).toHaveLength(3);
    engine.restore(fakeData, [{ rule: "np", step: 9, blob: Uint8Array.of(9) }], 5000);
    expect(engine.status()).toMatchObject({ iteration: 9, phase: "paused", elapsedMs: 5000 });
    expect(sims.filter((s) => !s.freed)).toHaveLength(1);
  });

  it("makes one run a frame, and a step asked for meanwhile counts for all", async () => {
    const { clock, engine, sims } = setup(even);
    expect(sims).toHaveLength(0);
    await clock.frame();
    expect(sims).toHaveLength(1);
    engine.stepBy(2);
    await clock.frames(20);
    expect(engine.status().lanes.map((l) => l.step)).toEqual([2, 2, 2]);
    expect(engine.status().phase).toBe("paused");
  });

  it("reads pictures out only when somebody looks", async () => {
    const { clock, engine, events } = setup(even, ["np"]);
    await clock.frames(6);
    expect(events.some((e) => e.type === "outputs" || e.type === "latent")).toBe(false);
    engine.setReadouts({ outputs: Uint32Array.of(1, 2), latentCount: 5 });
    await clock.frames(4);
    expect(events.filter((e) => e.type === "outputs")).toHaveLength(1);
    expect(events.filter((e) => e.type === "latent")).toHaveLength(1);
  });
});
