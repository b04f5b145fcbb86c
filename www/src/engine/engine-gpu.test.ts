/** Runs on the GPU: submissions, late answers, moves in mid-run, and what happens when the device goes. */
import { afterEach, describe, expect, it } from "vitest";
import { baseConfig, FakeClock, type FakeSimulator, fakeCore, fakeData } from "../testing/fake";
import { Engine } from "./engine";
import type { EngineEvent } from "./protocol";

type Costs = Parameters<typeof fakeCore>[1];

const even: Costs = () => ({ stepMs: 1, metricsMs: 12, gpuStepMs: 0.5 });

/** Every simulator of the present test; none may have been misused. */
let made: FakeSimulator[] = [];

afterEach(() => {
  expect(made.flatMap((sim) => sim.misuse)).toEqual([]);
});

function setup(costs: Costs = even, rules = ["np", "bp", "fa"]) {
  const clock = new FakeClock();
  const { core, sims, gpu } = fakeCore(clock, costs);
  made = sims;
  const events: EngineEvent[] = [];
  const engine = new Engine(core, clock, (event) => events.push(event));
  engine.setPace({ budgetMs: 9, interval: 50, stopAt: 0 });
  engine.build(fakeData, rules.map(baseConfig));
  const metrics = (rule: string): number[] =>
    events.flatMap((e) => (e.type === "metrics" && e.rule === rule ? [e.metrics.step] : []));
  const of = <T extends EngineEvent["type"]>(type: T): Extract<EngineEvent, { type: T }>[] =>
    events.filter((e): e is Extract<EngineEvent, { type: T }> => e.type === type);
  const steps = (): number[] => engine.status().lanes.map((lane) => lane.step);
  const devices = (): string[] => engine.status().lanes.map((lane) => lane.device);
  return { clock, engine, sims, gpu, events, metrics, of, steps, devices };
}

/** A run that has been going on the GPU for a second. */
async function running(costs?: Costs, rules?: string[]) {
  const s = setup(costs, rules);
  await s.clock.frames(8);
  s.engine.setDevice(s.gpu);
  s.engine.run();
  await s.clock.frames(60);
  return s;
}

describe("Engine on the GPU", () => {
  it("moves every run and those that join later, and trains there", async () => {
    const { clock, engine, devices, steps } = await running();
    expect(devices()).toEqual(["gpu", "gpu", "gpu"]);
    engine.addLane(baseConfig("dfa"));
    await clock.frames(120);
    expect(devices()).toEqual(["gpu", "gpu", "gpu", "gpu"]);
    const all = steps();
    expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(18);
    expect(Math.min(...all)).toBeGreaterThan(200);
  });

  it("keeps two submissions in flight at most, each about a frame's budget", async () => {
    const { clock, sims } = await running(even, ["np"]);
    await clock.frames(60);
    const [sim] = sims;
    expect(sim?.mostInFlight).toBe(2);
    expect(sim?.submitted[0]).toBe(1);
    expect(Math.max(...(sim?.submitted ?? []))).toBe(18);
  });

  it("brings all rules to the same iterations, and measures them there", async () => {
    const { clock, metrics } = await running((rule) => ({
      stepMs: 1,
      metricsMs: 12,
      gpuStepMs: rule === "np" ? 0.9 : 0.3,
    }));
    await clock.frames(100);
    const shared = [0, 1, 2, 5, 10, 20, 50, 100, 150];
    for (const rule of ["np", "bp", "fa"]) expect(metrics(rule).slice(0, 9)).toEqual(shared);
  });

  it("waits at a measuring point until the measurement is asked for, and not for its answer", async () => {
    const { clock, gpu, sims, metrics, steps } = await running(even, ["np"]);
    gpu.latencyMs = 200;
    const before = metrics("np").length;
    await clock.frames(40);
    expect(sims[0]?.measuredAt).toEqual([...new Set(sims[0]?.measuredAt)]);
    for (const at of sims[0]?.measuredAt.slice(7) ?? []) expect(at % 50).toBe(0);
    expect(metrics("np").length).toBeGreaterThan(before);
    expect(steps()[0]).toBeGreaterThan(metrics("np").at(-1) ?? 0);
  });

  it("counts speed in steps that have come back", async () => {
    const { clock, engine, gpu, steps } = await running(even, ["np"]);
    await clock.frames(120);
    const before = { step: steps()[0] ?? 0, time: clock.time };
    await clock.frames(120);
    const real = (((steps()[0] ?? 0) - before.step) * 1000) / (clock.time - before.time);
    expect(engine.status().perSecond).toBeGreaterThan(0.9 * real);
    expect(engine.status().perSecond).toBeLessThan(1.1 * real);
    // What is only submitted does not count.
    engine.pause();
    await clock.frames(30);
    gpu.latencyMs = 1e6;
    engine.run();
    await clock.frames(60);
    expect(steps()[0]).toBeGreaterThan(before.step);
    expect(engine.status().perSecond).toBe(0);
  });

  it("steps exactly, measures there, and has come back when it pauses", async () => {
    const { clock, engine, gpu, metrics, steps } = setup();
    await clock.frames(8);
    engine.setDevice(gpu);
    engine.stepBy(1);
    await clock.frames(30);
    engine.stepBy(7);
    await clock.frames(30);
    expect(engine.status().phase).toBe("paused");
    expect(steps()).toEqual([8, 8, 8]);
    expect(metrics("fa").at(-1)).toBe(8);
    expect(clock.waiting).toBe(false);
  });

  it("does a step of one part after what was submitted", async () => {
    const { clock, engine, metrics, steps, sims } = await running();
    engine.stepOnly("feedback");
    await clock.frames(60);
    expect(engine.status().phase).toBe("paused");
    expect(new Set(steps()).size).toBe(1);
    expect(metrics("fa").at(-1)).toBe(steps()[0]);
    for (const sim of sims) expect(sim.parts).toEqual(["feedback"]);
    expect(engine.status().lanes.map((lane) => lane.stopped)).toEqual([null, null, null]);
    expect(clock.waiting).toBe(false);
  });

  it("pauses with all rules on the same iteration and measures it, and none before it", async () => {
    const { clock, engine, metrics, steps } = await running();
    while (Math.max(...steps()) % 50 === 0) await clock.frame();
    engine.addLane(baseConfig("dfa"));
    const behind = (): number => Math.max(...steps()) - Math.min(...steps());
    await clock.frames(2);
    while (behind() > 40) await clock.frame();
    expect(behind()).toBeGreaterThan(0);
    engine.pause();
    await clock.frames(40);
    const [first = -1, ...rest] = steps();
    expect(rest).toEqual([first, first, first]);
    expect(clock.waiting).toBe(false);
    for (const rule of ["np", "dfa"]) {
      const between = metrics(rule).filter((at) => at > 50 && at % 50 !== 0);
      expect(between).toEqual([first]);
    }
  });

  it("ends where it should, when the last step has come back", async () => {
    const { clock, engine, gpu, of, steps } = setup();
    engine.setPace({ budgetMs: 9, interval: 50, stopAt: 120 });
    await clock.frames(8);
    engine.setDevice(gpu);
    await clock.frames(8);
    gpu.latencyMs = 100;
    engine.run();
    let last = 0;
    while (of("finished").length === 0 && last < 1000) {
      expect(engine.status().phase).toBe("running");
      if (Math.min(...steps()) === 120) last++;
      await clock.frame();
    }
    expect(last).toBeGreaterThan(4);
    expect(steps()).toEqual([120, 120, 120]);
    await clock.frames(20);
    expect(of("finished")).toHaveLength(1);
  });

  it("stops a rule that diverges and goes on with the others", async () => {
    const { clock, of, steps } = await running((rule) => ({
      stepMs: 1,
      metricsMs: 5,
      gpuStepMs: 0.5,
      ...(rule === "bp" && { divergeAt: 60 }),
    }));
    await clock.frames(60);
    expect(of("lane-stopped")).toEqual([expect.objectContaining({ rule: "bp", code: "diverged" })]);
    expect(steps()[0]).toBeGreaterThan(150);
  });

  it("asks for pictures while somebody looks, one of a kind at a time", async () => {
    const { clock, engine, gpu, of } = await running(even, ["np"]);
    gpu.latencyMs = 400;
    engine.setReadouts({ outputs: Uint32Array.of(1), latentCount: 5 });
    await clock.frames(120);
    const pictures = of("outputs");
    expect(pictures.length).toBeGreaterThan(1);
    expect(pictures.length).toBeLessThan(6);
    expect(of("latent").length).toBeGreaterThan(1);
    // Other digits, while the first are still on their way: nobody wants those any more.
    engine.setReadouts({ outputs: Uint32Array.of(2), latentCount: 5 });
    await clock.frames(2);
    const from = of("outputs").length;
    engine.setReadouts({ outputs: Uint32Array.of(3), latentCount: 5 });
    await clock.frames(120);
    const later = of("outputs").slice(from);
    expect(later.length).toBeGreaterThan(0);
    for (const { indices } of later) expect([...indices]).toEqual([3]);
  });
});

describe("a move in mid-run", () => {
  it("goes to the GPU and back without losing a step, a point or time", async () => {
    const { clock, engine, gpu, of, metrics, steps, devices } = setup();
    engine.setReadouts({ outputs: Uint32Array.of(1), latentCount: 5 });
    await clock.frames(8);
    engine.run();
    await clock.frames(60);
    const before = engine.status();
    engine.setDevice(gpu);
    expect(engine.status().lanes.map((lane) => lane.moving)).toEqual([true, true, true]);
    await clock.frames(60);
    expect(devices()).toEqual(["gpu", "gpu", "gpu"]);
    const there = engine.status();
    expect(there.phase).toBe("running");
    expect(there.iteration).toBeGreaterThan(before.iteration);
    engine.setDevice(null);
    await clock.frames(60);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    expect(Math.min(...steps())).toBeGreaterThan(there.iteration);
    expect(engine.status().elapsedMs).toBeGreaterThan(there.elapsedMs);
    expect(of("rewound")).toEqual([]);
    for (const rule of ["np", "bp", "fa"]) {
      const at = metrics(rule);
      expect(at).toEqual([...new Set(at)].sort((a, b) => a - b));
      expect(at.slice(0, 8)).toEqual([0, 1, 2, 5, 10, 20, 50, 100]);
    }
  });

  it("moves a run that stands still, and leaves it standing", async () => {
    const { clock, engine, gpu, of, steps, devices } = setup();
    await clock.frames(8);
    engine.stepBy(4);
    await clock.frames(20);
    engine.setDevice(gpu);
    await clock.frames(20);
    expect(devices()).toEqual(["gpu", "gpu", "gpu"]);
    const told = of("status").at(-1)?.status.lanes ?? [];
    expect(told.map(({ device, moving }) => [device, moving])).toEqual(
      Array(3).fill(["gpu", false]),
    );
    gpu.latencyMs = 50;
    engine.setDevice(null);
    await clock.frame();
    // Digits to be shown in the middle of the way back come when it is over.
    engine.setReadouts({ outputs: Uint32Array.of(1), latentCount: 5 });
    await clock.frames(20);
    expect(of("outputs")).toHaveLength(3);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    expect(engine.status().phase).toBe("paused");
    expect(steps()).toEqual([4, 4, 4]);
    expect(clock.waiting).toBe(false);
  });

  it("follows the newest wish, however quickly wishes change", async () => {
    const { clock, engine, gpu, devices } = await running();
    for (const wish of [null, gpu, null, gpu, null]) {
      engine.setDevice(wish);
      await clock.frame();
    }
    await clock.frames(30);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    engine.setDevice(gpu);
    engine.setDevice(null);
    engine.setDevice(gpu);
    await clock.frames(30);
    expect(devices()).toEqual(["gpu", "gpu", "gpu"]);
  });

  it("trains on while shaders are compiled, however long that takes", async () => {
    const { clock, engine, gpu, metrics, steps, devices } = setup();
    gpu.moveMs = 3000;
    await clock.frames(8);
    engine.run();
    await clock.frames(20);
    engine.setDevice(gpu);
    const before = Math.max(...steps());
    await clock.frames(120);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    expect(engine.status().lanes.every((lane) => lane.moving)).toBe(true);
    expect(Math.min(...steps())).toBeGreaterThan(before + 100);
    expect(metrics("fa").at(-1)).toBeGreaterThan(before);
    await clock.frames(90);
    expect(devices()).toEqual(["gpu", "gpu", "gpu"]);
  });

  it("changes rates on the way to the GPU at once, on the way back when it is over", async () => {
    const { clock, engine, gpu, sims } = setup();
    await clock.frames(8);
    engine.setDevice(gpu);
    await clock.frame();
    engine.setHyper("np", { eta_w: 0.5 });
    expect(sims[0]?.hyper).toEqual({ eta_w: 0.5 });
    await clock.frames(10);
    engine.setDevice(null);
    engine.setHyper("np", { eta_w: 0.1 });
    engine.setHyper("np", { eta_b: 0.25 });
    expect(sims[0]?.hyper).toEqual({ eta_w: 0.5 });
    await clock.frames(10);
    expect(sims[0]?.hyper).toEqual({ eta_w: 0.1, eta_b: 0.25 });
  });

  it("saves during a move, and while training goes on, what the run was at that moment", async () => {
    const { clock, engine, gpu, steps } = await running();
    const saving = engine.save();
    const asked = steps();
    await clock.frames(10);
    expect(steps()).not.toEqual(asked);
    const saved = await saving;
    expect(saved.map((lane) => lane.step)).toEqual(asked);
    expect(saved.map((lane) => lane.blob[0])).toEqual(asked.map((step) => step & 255));
    engine.setDevice(null);
    const meanwhile = engine.save();
    await clock.frames(20);
    for (const { step, blob } of await meanwhile) expect(blob[0]).toBe(step & 255);
    engine.setDevice(gpu);
    const checksum = engine.checksum("np");
    await clock.frames(20);
    expect(Number(await checksum)).toBeGreaterThan(0);
  });

  it("stays where it is when the GPU refuses, says so, and goes on", async () => {
    const { clock, engine, gpu, of, steps, devices } = setup();
    gpu.refuses = "The GPU is too small.";
    await clock.frames(8);
    engine.run();
    engine.setDevice(gpu);
    await clock.frames(60);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    expect(of("stayed").map((e) => e.rule)).toEqual(["np", "bp", "fa"]);
    expect(of("stayed")[0]?.message).toBe("The GPU is too small.");
    expect(Math.min(...steps())).toBeGreaterThan(50);
  });

  it("keeps runs on different devices within one measuring point of each other", async () => {
    const { clock, engine, gpu, devices, steps } = setup((rule) => ({
      stepMs: rule === "np" ? 8 : 1,
      metricsMs: 12,
      gpuStepMs: 0.2,
    }));
    await clock.frames(8);
    // The first is on its way when the GPU stops taking runs.
    engine.setDevice(gpu);
    gpu.moveMs = 5;
    gpu.refuses = "full";
    await clock.frames(6);
    gpu.refuses = null;
    engine.removeLane("fa");
    engine.addLane(baseConfig("fa"));
    await clock.frames(10);
    expect(devices()).toEqual(["cpu", "cpu", "gpu"]);
    engine.run();
    for (let i = 0; i < 60; i++) {
      await clock.frames(5);
      const all = steps();
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(50);
    }
    expect(Math.min(...steps())).toBeGreaterThan(100);
  });
});

describe("answers that come late", () => {
  it("are dropped when the run has been built anew, and only then is it freed", async () => {
    const { clock, engine, gpu, sims, events, devices } = await running();
    gpu.latencyMs = 300;
    engine.setPace({ budgetMs: 9, interval: 1, stopAt: 0 });
    await clock.frames(20);
    const old = sims.slice();
    engine.build(fakeData, ["np"].map(baseConfig));
    expect(old.some((sim) => !sim.freed)).toBe(true);
    const from = events.length;
    await clock.frames(60);
    expect(old.every((sim) => sim.freed)).toBe(true);
    // Where a new run is to compute is decided anew.
    expect(devices()).toEqual(["cpu"]);
    const late = events.slice(from).filter((e) => e.type === "metrics" && e.metrics.step > 0);
    expect(late).toEqual([]);
  });

  it("are dropped for a rule that was taken away in the middle of a move", async () => {
    const { clock, engine, gpu, sims, of } = setup();
    await clock.frames(8);
    engine.setDevice(gpu);
    await clock.frame();
    engine.removeLane("bp");
    await clock.frames(20);
    expect(sims[1]?.freed).toBe(true);
    expect(engine.status().lanes.map((lane) => lane.rule)).toEqual(["np", "fa"]);
    expect(of("stayed")).toEqual([]);
  });

  it("reject a question about a run that is gone", async () => {
    const { clock, engine } = await running();
    engine.setDevice(null);
    const saving = engine.save();
    engine.build(fakeData, ["np"].map(baseConfig));
    const outcome = expect(saving).rejects.toThrow("no longer");
    await clock.frames(20);
    await outcome;
    expect(await engine.inspect("bp", "test", Uint32Array.of(1))).toBeNull();
  });
});

describe("a lost device", () => {
  it.each([0, 3, 70])(
    "takes all runs to the processor with one report; back by %i",
    async (back) => {
      const { clock, engine, gpu, events, of, steps, devices } = await running();
      await clock.frames(30);
      const before = Math.max(...steps());
      gpu.goBack = back;
      gpu.destroy();
      await clock.frames(90);
      expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
      expect(of("fell-back")).toEqual([
        { type: "fell-back", rules: ["np", "bp", "fa"], note: "The GPU was lost." },
      ]);
      expect(of("stayed")).toEqual([]);
      expect(of("lane-stopped")).toEqual([]);
      expect(engine.status().phase).toBe("running");
      expect(Math.min(...steps())).toBeGreaterThan(before);
      // What a history makes of it: points after a rewinding are forgotten, the rest is in order.
      const curve: number[] = [];
      for (const e of events) {
        if (e.type === "rewound" && e.rule === "np")
          curve.splice(0, curve.length, ...curve.filter((at) => at <= e.step));
        if (e.type === "metrics" && e.rule === "np") {
          expect(e.metrics.step).toBeGreaterThan(curve.at(-1) ?? -1);
          curve.push(e.metrics.step);
        }
      }
      const regular = Array.from({ length: curve.length - 6 }, (_, i) => 50 * (i + 1));
      expect(curve).toEqual([0, 1, 2, 5, 10, 20, ...regular]);
      expect(curve.at(-1)).toBeGreaterThan(before);
    },
  );

  it("is noticed in a pause too when something is asked, and the answer comes all the same", async () => {
    const { clock, engine, gpu, of, steps, devices } = await running();
    engine.pause();
    await clock.frames(40);
    gpu.destroy();
    const saving = engine.save();
    await clock.frames(10);
    const saved = await saving;
    expect(saved.map((lane) => lane.step)).toEqual(steps());
    expect(of("fell-back")).toHaveLength(1);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    expect(engine.status().phase).toBe("paused");
  });

  it("during a move is one report or refusal for each run, never a stop", async () => {
    const { clock, engine, gpu, of, devices, steps } = await running();
    engine.setDevice(null);
    gpu.destroy();
    await clock.frames(60);
    expect(devices()).toEqual(["cpu", "cpu", "cpu"]);
    expect(of("lane-stopped")).toEqual([]);
    const before = steps();
    engine.setDevice(gpu);
    await clock.frames(60);
    expect(of("stayed").map((e) => e.message)).toEqual(Array(3).fill("The GPU was lost."));
    expect(Math.min(...steps())).toBeGreaterThan(Math.max(...before));
  });
});
